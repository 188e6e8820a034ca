# A Cortex-M4F with FPU, as QEMU's mps2-an386 has it. Linked without a heap: newlib-nano's string functions and nothing that allocates
# (no _sbrk is here to be found). The linker script holds the image to the RAM and flash of the board named.
PORT_COMPILERS := arm-none-eabi-gcc
PORT_PACKAGES := gcc-arm-none-eabi libnewlib-arm-none-eabi
PORT_PROBE := arm-none-eabi-gcc --specs=nano.specs
PORT_SUFFIX := .elf
PORT_STACK_BYTES := 6144
# The exception frame with the FPU's registers, aligned (ARMv7-M ARM, B1.5.7).
PORT_INTERRUPT_BYTES := 108
PORT_STATIC_BYTES := 2048
PORT_SOURCES := $(sort $(wildcard firmware/ports/mps2/*.c firmware/ports/cortexm/*.c)) firmware/sensors/replay.c
PORT_LINKER_SCRIPT := firmware/ports/mps2/link.ld
PORT_FLAGS := -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 --specs=nano.specs -nostartfiles \
	-Ifirmware/ports/mps2 -Ifirmware/ports/cortexm
PORT_LIBS := -lm
