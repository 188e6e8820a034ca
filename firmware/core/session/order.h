// In which order a task visits the samples. Pure; the TypeScript twin is host/sim/sample_order.ts, held to this by
// tests/core/order.test.ts.
#ifndef FTTE_ORDER_H
#define FTTE_ORDER_H

#include <stdint.h>

// Index (0..count-1) of the sample of step `step` (from 0) of a task with `seed` over `count` samples (not 0). Every
// epoch of `count` steps visits each sample once.
uint32_t ftte_order_index(uint32_t seed, uint32_t step, uint32_t count);

#endif
