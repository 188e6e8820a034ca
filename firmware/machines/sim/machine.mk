# QEMU's sim machine, Xtensa, for ports esp32 and esp32s3. What reaches registers is replaced: UART, flash and system (sim.c). The line is QEMU's standard
# input and output, which on_pty, a program of the host's, gives a pty.
PORT_SOURCES := $(filter-out %/uart.c %/spi_flash.c %/soc.c %/esp32s3/interrupts.c %/cache.c %/gpio.c %/i2c.c %/i2c_pins.c %/registers.c %/lsm6ds3.c %/max30102.c,$(PORT_SOURCES)) firmware/machines/sim/sim.c firmware/machines/sim/reset.S
PORT_LINKER_SCRIPT := firmware/machines/sim/sim.ld

all: $(OUT)/on_pty
$(OUT)/on_pty: firmware/machines/sim/on_pty.c
	@mkdir -p $(@D)
	gcc -std=c11 -O2 -Wall -Wextra -Werror -o $@ $< -lutil
