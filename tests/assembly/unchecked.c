// Instead of the check of modules, where the kernels under test hold their BLAS: its loops call nothing, as they may
// only where the loader knows them.
#include "guest/check.h"

const char *ftte_check_module(struct ftte_check *check, const uint8_t *wasm, uint32_t bytes, ftte_check_import *find) {
    (void)check, (void)wasm, (void)bytes, (void)find;
    return NULL;
}
