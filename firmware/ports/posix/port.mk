# The virtual board. Its native stack is part of --ram; sanitizers and -O0 need more of it (--stack).
PORT_SOURCES := $(sort $(wildcard firmware/ports/posix/*.c))
PORT_FLAGS := -DFTTE_STACK_BYTES=12288u
PORT_LIBS := -lm -lutil
