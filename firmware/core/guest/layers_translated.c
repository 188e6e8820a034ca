// The layers as C: wasm2c's translation of firmware/assembly/kernels, unedited, under our runtime header, which checks
// every access.
#define FTTE_WASM_RT_KERNELS
#include "layers.c"
