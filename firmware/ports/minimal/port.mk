# What firmware/Makefile asks of a port: its sources, further compiler flags, libraries. CC and OPTIMISE may be set here too.
PORT_SOURCES := $(sort $(wildcard firmware/ports/minimal/*.c))
PORT_LIBS := -lm
