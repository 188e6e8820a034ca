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

# Boards with a place for firmware over the air (BOOT) start with a program of their own below the application, which chooses.
ifdef BOOT
BOOT_SOURCES := firmware/ports/mps2/boot/stage.c firmware/ports/mps2/flash.c \
	$(sort $(wildcard firmware/core/boot/*.c firmware/core/store/*.c firmware/core/digest/*.c))
PORT_SOURCES += firmware/ports/mps2/boot/image.S
PORT_FLAGS += -Wa,-I$(OUT)

$(OUT)/boot.elf: $(BOOT_SOURCES) $(wildcard firmware/core/*/*.h firmware/ports/mps2/*.h) firmware/ports/mps2/boot/link.ld $(OUT)/board_config.h
	$(CC) -E -P -x c -undef $(INCLUDES) -o $(OUT)/boot.ld firmware/ports/mps2/boot/link.ld
	$(CC) $(COMMON) $(OWN_FLAGS) -T$(OUT)/boot.ld -Wl,--gc-sections -o $@ $(BOOT_SOURCES)
$(OUT)/boot.bin: $(OUT)/boot.elf
	$(OBJCOPY) -O binary $< $@
$(OUT)/obj/firmware/ports/mps2/boot/image.o: $(OUT)/boot.bin

# What goes over the air: the application alone.
$(OUT)/ftte-$(NAME).image: $(OUT)/ftte-$(NAME)$(PORT_SUFFIX)
	$(OBJCOPY) -O binary -R .boot $< $@
endif
