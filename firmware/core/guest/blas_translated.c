// The BLAS as C: wasm2c's translation of firmware/assembly/blas, unedited, under our runtime header. Compiled with -O3.
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "blas.c"
