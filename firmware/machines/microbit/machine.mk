# QEMU's microbit machine for port nrf52. Everything is the port's but the chip's id: QEMU's FICR holds the same in every process.
PORT_SOURCES := $(filter-out %/identity.c,$(PORT_SOURCES)) firmware/machines/microbit/identity.c
