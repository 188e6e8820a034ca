# What an engine is made of. Paths from the project's root. wasm3 stays unedited: flags configure it, and its undefined behaviour is its
# own business, so our warnings and sanitizers do not apply to its sources.

# What engine and session take of the pool beside the arena. Measured on mps2: the session takes 3,400 bytes, wasm3 7,500 for a step of any
# plan and 9,500 with all that a run asks (rows encoded and decoded, scores); ahead of time 3,900 in all. Without an arena, while blobs
# come and are tested, both take more. Kernels that bring layers of their own take up to 34,000 more: where the arena is nearly all that is
# left, the board refuses their plan (plan-memory) that the host took to fit.
FTTE_WASM3_POOL_BYTES := 14336
FTTE_AOT_POOL_BYTES := 5120

# Of the interpreter, in the pool: kernels with layers of their own need nearly all of it, others a third. wasm3 reserves a word for each byte
# of a function that might be a constant's opcode, also where it is a function's number: another export or leaf may need some more.
FTTE_WASM3_STACK_BYTES := 1024

FTTE_WASM3_FOLDER := node_modules/wasm3/cpp
FTTE_WASM3_SOURCES := $(addprefix $(FTTE_WASM3_FOLDER)/,m3_bind.c m3_code.c m3_compile.c m3_core.c m3_env.c m3_exec.c \
	m3_function.c m3_info.c m3_module.c m3_parse.c)
FTTE_WASM3_CONFIG := -Dd_m3MaxFunctionStackHeight=80 -Dd_m3CodePageAlignSize=512 -Dd_m3MaxConstantTableSize=64 \
	-Dd_m3VerboseErrorMessages=0 -Dd_m3MaxDuplicateFunctionImpl=1 -Dd_m3CascadedOpcodes=0
FTTE_WASM3_FLAGS := -std=gnu11 -O3 -w -DNDEBUG -fno-strict-aliasing $(FTTE_WASM3_CONFIG) \
	-include firmware/core/guest/wasm3_alloc.h

FTTE_GUEST_SOURCES := firmware/core/guest/pool.c firmware/core/guest/gate.c

# Both engines: the layers as wasm2c wrote them, whose warnings are not ours.
FTTE_NATIVE_SOURCES := firmware/core/guest/native.c firmware/core/guest/layers_translated.c

# Our engine includes wasm3's headers, whose warnings are not ours either.
FTTE_ENGINE_SOURCES := firmware/core/guest/wasm3.c firmware/core/guest/check_module.c firmware/core/guest/check_body.c \
	$(FTTE_NATIVE_SOURCES)
FTTE_ENGINE_FLAGS := -std=gnu11 -O2 -w -ffp-contract=off -DFTTE_WASM3_STACK_BYTES=$(FTTE_WASM3_STACK_BYTES) $(FTTE_WASM3_CONFIG) -I$(FTTE_WASM3_FOLDER) -Ibuild/guest -Ifirmware/core/guest

FTTE_AOT_SOURCES := firmware/core/guest/aot.c firmware/core/guest/kernels_translated.c $(FTTE_NATIVE_SOURCES)
FTTE_AOT_FLAGS := -std=gnu11 -O2 -w -ffp-contract=off -Ibuild/guest -Ifirmware/core/guest

# The translated BLAS: boundary checks are the gate's, so none inside; -Os would be 2.7 times slower. On 32-bit chips it counts addresses
# from a null pointer. Induction variables stay as the source has them: a load that steps its own pointer is one instruction. So is one of
# 64 bits, unless it is split; and loops over eight rows need all registers that there are, which a schedule made before they are allotted
# does not heed.
FTTE_BLAS_SOURCES := firmware/core/guest/blas_translated.c
FTTE_BLAS_FLAGS := -std=gnu11 -O3 -w -ffp-contract=off -fno-ivopts -fno-split-wide-types -fno-schedule-insns -fno-delete-null-pointer-checks -fno-sanitize=undefined \
	-Ibuild/guest -Ifirmware/core/guest
