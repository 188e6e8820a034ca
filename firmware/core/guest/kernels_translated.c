// The kernels as C: wasm2c's translation of kernels.wasm, unedited, under our runtime header, which checks every
// access.
#define FTTE_WASM_RT_KERNELS
#include "kernels.c"
