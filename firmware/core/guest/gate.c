// The gate (gate.h), and what both engines share of guest.h.
#include "guest/gate.h"

bool ftte_guest_refuel(struct ftte_guest *guest, uint64_t turns) {
    if (turns > FTTE_LEAF_TURNS_MAX) return false;
    if (guest->expired && guest->expired(guest->expired_context)) return false;
    guest->fuel = FTTE_GUEST_FUEL;
    return true;
}

static uint32_t address_of(const struct ftte_guest *guest, const uint8_t *place) {
    return (uint32_t)((uintptr_t)place - (sizeof(void *) == 4 ? 0 : (uintptr_t)guest->memory));
}

static bool in_region(const struct ftte_guest *guest, uint32_t *at, uint32_t bytes, uint32_t kind) {
    const struct ftte_guest_region *region = &guest->region[*at >> 28];
    uint32_t offset = *at & 0x0fffffffu;
    if (!(kind & FTTE_GATE_READS) || !region->bytes || offset > region->length || bytes > region->length - offset)
        return false;
    if ((uintptr_t)(region->bytes + offset) & kind & 3) return false;
    *at = address_of(guest, region->bytes + offset);
    return true;
}

bool ftte_gate_pass(struct ftte_guest *guest, uint32_t *at, uint32_t bytes, uint32_t kind) {
    uint32_t word = *at;
    if (word >> 28 >= FTTE_REGION_FROZEN) return in_region(guest, at, bytes, kind);
    if ((word & kind & 3) || word > guest->memory_bytes || bytes > guest->memory_bytes - word) return false;
    if (word + bytes > guest->touched) guest->touched = word + bytes;
    *at = address_of(guest, guest->memory + word);
    return true;
}

uint8_t *ftte_guest_memory(struct ftte_guest *guest, uint32_t at, uint32_t bytes) {
    if (!guest->memory || at > guest->memory_bytes || bytes > guest->memory_bytes - at) return NULL;
    return guest->memory + at;
}

// On 64-bit hosts the translated BLAS takes 32-bit offsets from the linear memory's first byte: a region must lie
// within 4 GiB above it.
static bool reachable(const struct ftte_guest *guest, const uint8_t *bytes, uint32_t length) {
    uint64_t base = (uint64_t)(uintptr_t)guest->memory, place = (uint64_t)(uintptr_t)bytes;
    if (sizeof(void *) == 4) return true;
    return place >= base && place - base + length <= UINT32_MAX;
}

int ftte_guest_bind(struct ftte_guest *guest, int region, const uint8_t *bytes, uint32_t length) {
    if (region < FTTE_REGION_FROZEN || region > FTTE_REGION_SAMPLES || length >= 1u << 28) return FTTE_ERR_ARGUMENT;
    if (!reachable(guest, bytes, length)) return FTTE_ERR_ARGUMENT;
    guest->region[region].bytes = bytes;
    guest->region[region].length = length;
    union ftte_value args[3] = {{.i32 = region}, {.u32 = (uint32_t)region << 28}, {.u32 = length}}, result;
    int error = ftte_guest_call(guest, FTTE_GUEST_BIND, args, &result);
    return error < 0 ? error : result.i32 == FTTE_OK ? FTTE_OK : FTTE_ERR_ARGUMENT;
}
