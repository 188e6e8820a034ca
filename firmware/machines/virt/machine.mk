# QEMU's virt machine, RISC-V, for port esp32c3. What reaches registers is replaced, and the sensor (virt.c).
PORT_SOURCES := $(filter-out %/uart.c %/spi_flash.c %/soc.c %/interrupts.c %/cache.c %/gpio.c %/i2c.c %/i2c_pins.c %/registers.c %/lsm6ds3.c %/max30102.c %/of_board.c,$(PORT_SOURCES)) firmware/machines/virt/virt.c firmware/sensors/replay.c
PORT_LINKER_SCRIPT := firmware/machines/virt/virt.ld
