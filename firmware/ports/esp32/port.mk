# ESP32 (Xtensa LX6), by Debian's compiler for the ESP8266's core and picolibc: of that core's instructions all but three exist here, and
# arithmetic.c, float64.c and fpu.S in ../espressif/xtensa bring what its libgcc leaves to the ESP8266's ROM.
PORT_COMPILERS := xtensa-lx106-elf-gcc
PORT_PACKAGES := gcc-xtensa-lx106 picolibc-xtensa-lx106-elf
PORT_PROBE := xtensa-lx106-elf-gcc --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs
PORT_SUFFIX := .elf
PORT_ROM_IMAGE := elf esp32
# Debian's gcc 12 makes no tail calls for this core, so every operation that wasm3 interprets nests in the one before it until the next
# turn of a loop or return: in one function as much as check.h allows. 7 KiB were measured with our kernels; the rest is for those of others.
PORT_NO_TAIL_CALLS := yes
PORT_STACK_BYTES := 20480
PORT_STATIC_BYTES := 4096
PORT_SOURCES := $(sort $(wildcard $(addprefix firmware/ports/,esp32/*.[cS] espressif/*.c espressif/xtensa/*.[cS]))) \
	$(filter-out %/replay.c,$(wildcard firmware/sensors/*.c))
PORT_LINKER_SCRIPT := firmware/ports/esp32/link.ld
PORT_FLAGS := -mlongcalls -mtext-section-literals --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs -nostartfiles -Wl,--nmagic \
	-Ifirmware/ports/espressif
PORT_LIBS := -lm
