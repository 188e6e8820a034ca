// See suite.h.
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "contract.h"
#include "hostile.h"

enum { MISFITS = 32 };

static const uint8_t *padded(const uint8_t **at, uint32_t bytes) {
    const uint8_t *part = *at;
    *at += (bytes + 15) & ~15u;
    return part;
}

static struct suite_entry next(const uint8_t **at) {
    uint32_t head[4];
    memcpy(head, padded(at, sizeof head), sizeof head);
    struct suite_entry entry = {.what = head[0], .number = (int32_t)head[1], .length = head[3]};
    entry.name = (const char *)padded(at, head[2]);
    entry.bytes = padded(at, head[3]);
    return entry;
}

static struct guest_misfit misfits[MISFITS];
static struct guest_subject contract = {.misfits = misfits};
static struct hostile_subject hostile;
static struct suite_entry target;

static void misfit(const struct suite_entry *entry) {
    if (contract.misfit_count == MISFITS) return;
    misfits[contract.misfit_count++] = (struct guest_misfit){entry->name, entry->bytes, entry->length, entry->number};
}

static void act(const struct suite_entry *entry) {
    switch (entry->what) {
    case SUITE_KERNELS:
        contract.kernels = hostile.kernels = entry->bytes;
        contract.kernels_bytes = hostile.kernels_bytes = entry->length;
        hostile.name = entry->name;
        break;
    case SUITE_RECORD: contract.record = hostile.record = entry->bytes; break;
    case SUITE_MISFIT: misfit(entry); break;
    case SUITE_CONTRACT: guest_contract(&contract); break;
    case SUITE_MODULE: hostile_module(&hostile, entry); break;
    case SUITE_TARGET: target = *entry; break;
    case SUITE_ATTACKS: hostile_attacks(&hostile, &target, entry); break;
    case SUITE_TRUNCATIONS: hostile_truncations(&hostile, (uint32_t)entry->number); break;
    case SUITE_MUTATIONS: hostile_mutations(&hostile, (uint32_t)entry->number); break;
    case SUITE_PLANS: hostile_plans(&hostile, entry); break;
    default: printf("not ok - an entry of the bundle is known: %u\n", (unsigned)entry->what);
    }
}

void suite_run(const struct suite_room *room, const uint8_t *bundle) {
    contract.pool = room->pool;
    contract.pool_bytes = room->pool_bytes;
    hostile.room = *room;
    for (struct suite_entry entry = next(&bundle); entry.what != SUITE_END; entry = next(&bundle)) act(&entry);
    printf("engine stack %u\ndone\n", (unsigned)suite_engine_stack());
}
