# QEMU's virt machine, RISC-V, for port esp32c3. What reaches registers is replaced, and the sensor (virt.c).
PORT_SOURCES := $(filter-out %/uart.c %/spi_flash.c %/soc.c %/sensor.c,$(PORT_SOURCES)) firmware/machines/virt/virt.c firmware/sensors/replay.c
PORT_LINKER_SCRIPT := firmware/machines/virt/virt.ld
