# nRF52832, nRF52833 and nRF52840 (Cortex-M4F), and the nRF51822 of QEMU's microbit machine (Cortex-M0), which has the same registers.
# Linked without a heap: newlib-nano's string functions and nothing that allocates (no _sbrk is here to be found).
PORT_COMPILERS := arm-none-eabi-gcc
PORT_PACKAGES := gcc-arm-none-eabi libnewlib-arm-none-eabi
PORT_PROBE := arm-none-eabi-gcc --specs=nano.specs
PORT_SUFFIX := .elf
PORT_IMAGES := hex bin
PORT_STACK_BYTES := 6144
# ARMv6-M code makes no tail calls (gcc, arm_function_ok_for_sibcall), so every operation that wasm3 interprets nests in the one before it
# until the next turn of a loop or return: in one function as much as check.h allows. Only the emulator is a Cortex-M0.
PORT_NO_TAIL_CALLS_nRF51822 := yes
PORT_STACK_BYTES_nRF51822 := 20480
# The exception frame, aligned: with the FPU's registers (ARMv7-M ARM, B1.5.7), without them (ARMv6-M ARM, B1.5.6).
PORT_INTERRUPT_BYTES := 108
PORT_INTERRUPT_BYTES_nRF51822 := 36
PORT_STATIC_BYTES := 3072
PORT_SOURCES := $(sort $(wildcard firmware/ports/nrf52/*.c firmware/ports/cortexm/*.c)) \
	$(filter-out %/replay.c %/i2c_pins.c,$(wildcard firmware/sensors/*.c))
PORT_LINKER_SCRIPT := firmware/ports/nrf52/link.ld
PORT_CORE := $(if $(filter nRF51%,$(CHIP)),-mcpu=cortex-m0,-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16)
PORT_FLAGS := $(PORT_CORE) -mthumb --specs=nano.specs -nostartfiles -Ifirmware/ports/nrf52 -Ifirmware/ports/cortexm
PORT_LIBS := -lm
