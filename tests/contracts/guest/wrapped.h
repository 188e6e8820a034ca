// The engine's two entries, which the linker's --wrap leads through the suite's program (__wrap), whose own calls reach
// them by __real.
#ifndef WRAPPED_H
#define WRAPPED_H

#include "guest/guest.h"

int __wrap_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes);
int __real_ftte_guest_open(struct ftte_guest *guest, struct ftte_pool *in, const uint8_t *wasm, uint32_t wasm_bytes,
                           uint32_t memory_bytes);
int __wrap_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result);
int __real_ftte_guest_call(struct ftte_guest *guest, enum ftte_guest_function function, const union ftte_value *args,
                           union ftte_value *result);

#endif
