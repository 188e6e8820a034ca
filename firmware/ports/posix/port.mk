# The virtual board. Its native stack is part of --ram; sanitizers and -O0 need more of it (--stack). Built for 32-bit x86 where the
# compiler can (gcc-multilib), with SSE floats: pointers are then as wide as a chip's, and so is what the engine needs.
PORT_SOURCES := $(sort $(wildcard firmware/ports/posix/*.c))
FTTE_M32 := -m32 -msse2 -mfpmath=sse
FTTE_CAN_M32 := $(shell echo 'int main(void) { return 0; }' | $(CC) $(FTTE_M32) -include pty.h -o /dev/null -x c - 2>/dev/null && echo yes)
ifeq ($(FTTE_CAN_M32),yes)
PORT_FLAGS := $(FTTE_M32)
endif
PORT_FLAGS += -DFTTE_STACK_BYTES=8192u
PORT_LIBS := -lm -lutil
