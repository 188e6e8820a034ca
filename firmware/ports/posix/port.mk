# The virtual board. Its native stack is part of --ram; sanitizers and -O0 need more of it (--stack). Built for 32-bit x86 where the
# compiler can (gcc-multilib), with SSE floats: pointers are then as wide as a chip's, and so is what the engine needs.
PORT_COMPILERS := gcc cc
PORT_PACKAGES := gcc libc6-dev
PORT_PROBE := gcc -include pty.h
PORT_STACK_BYTES := 8192
PORT_STATIC_BYTES := 0
PORT_IMAGES := image
PORT_SOURCES := $(sort $(wildcard firmware/ports/posix/*.c)) firmware/sensors/replay.c
FTTE_M32 := -m32 -msse2 -mfpmath=sse
# Asked once, when it is first needed: the compiler is not known before.
FTTE_CAN_M32 = $(eval FTTE_CAN_M32 := $(shell echo 'int main(void) { return 0; }' | $(CC) $(FTTE_M32) -include pty.h -o /dev/null -x c - 2>/dev/null && echo yes))$(FTTE_CAN_M32)
PORT_FLAGS = $(if $(FTTE_CAN_M32),$(FTTE_M32))
PORT_LIBS := -lm -lutil

# What goes over the air: the program without what debuggers need.
$(OUT)/ftte-$(NAME).image: $(OUT)/ftte-$(NAME)
	strip -o $@ $<
