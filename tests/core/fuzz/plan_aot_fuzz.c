// plan_fuzz.c on the kernels that are part of the firmware: nothing interprets them, so nothing but their own checks
// and the gate's stands between a plan and the board's memory.
//
// corpus: plan
// sources: firmware/core/guest/pool.c firmware/core/guest/gate.c firmware/core/guest/aot.c
// sources: firmware/core/guest/native.c firmware/core/guest/layers_translated.c
// sources: firmware/core/guest/kernels_translated.c firmware/core/guest/blas_translated.c
// flags: -std=gnu11 -w -O2 -fno-sanitize=null,pointer-overflow,bounds -Ibuild/guest -Ifirmware/core/guest
#define ONE_BLOCK
#include "plan_fuzz.c"
