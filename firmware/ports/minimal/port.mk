# The least that works. Every line is explained at the top of firmware/Makefile.
PORT_COMPILERS := gcc cc
PORT_PACKAGES := gcc libc6-dev
PORT_STACK_BYTES := 8192
PORT_STATIC_BYTES := 0
PORT_SOURCES := $(sort $(wildcard firmware/ports/minimal/*.c))
PORT_LIBS := -lm
