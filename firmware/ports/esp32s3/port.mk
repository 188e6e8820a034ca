# ESP32-S3 (Xtensa LX7), by Debian's compiler for the ESP8266's core, as port esp32, whose files of the core it shares; its peripherals'
# are those of port esp32c3.
PORT_COMPILERS := xtensa-lx106-elf-gcc
PORT_PACKAGES := gcc-xtensa-lx106 picolibc-xtensa-lx106-elf
PORT_PROBE := xtensa-lx106-elf-gcc --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs
PORT_SUFFIX := .elf
PORT_ROM_IMAGE := elf esp32s3
# As in port esp32.
PORT_NO_TAIL_CALLS := yes
PORT_STACK_BYTES := 20480
# The code that lies in RAM is of it (link.ld), about 78 KiB.
PORT_STATIC_BYTES := 98304
PORT_SOURCES := $(sort $(wildcard $(addprefix firmware/ports/,esp32s3/*.[cS] espressif/*.c espressif/xtensa/*.[cS] espressif/c3_s3/*.c))) \
	$(filter-out %/replay.c,$(wildcard firmware/sensors/*.c))
PORT_LINKER_SCRIPT := firmware/ports/esp32s3/link.ld
PORT_FLAGS := -mlongcalls -mtext-section-literals --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs -nostartfiles -Wl,--nmagic \
	-Ifirmware/ports/esp32s3 -Ifirmware/ports/espressif
PORT_LIBS := -lm
