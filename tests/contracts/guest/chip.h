// The guest suites on a chip: what its main calls when clock, line and memory are open.
#ifndef GUEST_CHIP_H
#define GUEST_CHIP_H

#include <stdint.h>

// Runs the bundle that the machine was given at SUITE_BUNDLE in the memory that the port leaves to a session. Each call
// of the engine is measured on `stack`, the session's own, which ends at its lowest word. Ends early where the chip
// restarted after a fault: then a guest broke out.
void suite_on_chip(uint32_t *stack, uint8_t *pool, uint32_t pool_bytes);

#endif
