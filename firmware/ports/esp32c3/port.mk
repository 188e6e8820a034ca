# ESP32-C3, by Debian's compiler and picolibc. Linked twice from the same objects: for direct boot (.bin), and as a program that the ROM
# loads into RAM, of which host/build makes the ROM's image (link.ld).
PORT_COMPILERS := riscv32-esp-elf-gcc riscv64-unknown-elf-gcc
PORT_PACKAGES := gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
PORT_PROBE := riscv64-unknown-elf-gcc --specs=picolibc.specs
PORT_SUFFIX := .elf
PORT_IMAGES := bin rom.elf
PORT_ROM_IMAGE := rom.elf esp32c3
PORT_STACK_BYTES := 7168
PORT_STATIC_BYTES := 4096
PORT_SOURCES := $(sort $(wildcard $(addprefix firmware/ports/,esp32c3/*.[cS] espressif/*.c espressif/c3_s3/*.c))) \
	$(filter-out %/replay.c,$(wildcard firmware/sensors/*.c))
PORT_LINKER_SCRIPT := firmware/ports/esp32c3/link.ld
PORT_FLAGS = -march=rv32imc -mabi=ilp32 $(if $(findstring unknown,$(CC)),--specs=picolibc.specs) -nostartfiles -Wl,--nmagic \
	-Ifirmware/ports/esp32c3 -Ifirmware/ports/espressif
PORT_LIBS := -lm

.SECONDEXPANSION:
$(OUT)/ftte-$(NAME).rom.elf: $$(OBJECTS) $(OUT)/rom.ld
	$(CC) $(COMMON) -T$(OUT)/rom.ld -Wl,--gc-sections -o $@ $(OBJECTS) $(PORT_LIBS)
$(OUT)/rom.ld: $(PORT_LINKER_SCRIPT) $(wildcard $(OUT)/board_config.h) firmware/ports/esp32c3/port.mk
	$(CC) -E -P -x c -undef -DFTTE_LOADED_BY_ROM $(INCLUDES) $(SIZES) -o $@ $<
