// What passes the generated check never traps, never leaves its operands and never turns more often than it said: every
// leaf of the BLAS, translated as for the firmware, with random and extreme dimensions, its operands fitted to the very
// edges of memories of random size. Everything around them is poisoned for the address sanitizer; the leaves count
// their own basic blocks (-fsanitize-coverage=trace-pc). Argument: draws per leaf.
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <string.h>

#include "guest/gate.h"
#include "report.h"
#include "wasm-rt.h"

#include "blas_boundary.h"

enum { MEMORY = 4096, REGION = 1024, GAP = 512, WORDS = 16, OPERANDS = 5, BATCH = 64 };
// Basic blocks that a turn may take, an exponential among them.
enum { BLOCKS_PER_TURN = 12 };
// Turns that every draw may take, and how many draws of a leaf may take more: there is time for few of those.
enum { FEW_TURNS = 1 << 14, LONG_RUNS = 2 };

struct leaf {
    const char *name;
    const char *kinds; // of the parameters: d dimension, f number, 1 2 4 the address of elements of so many bytes
    // Bytes of each operand, in the parameters' order.
    void (*extents)(const uint32_t *words, uint64_t *bytes);
    // The check, then the leaf.
    int (*run)(struct ftte_guest *guest, uint32_t *words);
};

static uint64_t blocks;
void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) { blocks++; }

#include "leaves_table.h"

static uint8_t arena[MEMORY + REGION + 3 * GAP] __attribute__((aligned(64)));
static struct ftte_guest guest;
static const struct leaf *current;
static uint32_t drawn[WORDS];

static void tell(const char *what) {
    printf("not ok - %s: %s with", current->name, what);
    for (uint32_t i = 0; current->kinds[i]; i++) printf(" %x", drawn[i]);
    printf(" in %x\n", guest.memory_bytes);
    fflush(stdout);
}

static void tell_death(void) { tell("leaves its operands"); }

void wasm_rt_trap(wasm_rt_trap_t trap) {
    (void)trap;
    tell("traps");
    exit(1);
}
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, u64 initial, u64 max, bool is64, u32 page_size) {
    (void)memory, (void)initial, (void)max, (void)is64, (void)page_size;
}
int ftte_guest_call(struct ftte_guest *of, enum ftte_guest_function function, const union ftte_value *args,
                    union ftte_value *result) {
    (void)of, (void)function, (void)args, (void)result;
    return FTTE_OK; // gate.c tells guests of their regions; there is none here
}

static uint64_t state = 88172645463325252u;
static uint32_t below(uint32_t limit) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)((state >> 32) * limit >> 32);
}

// A memory and a region of random sizes, random bytes in both, poison around them.
static void lay_out(void) {
    uint32_t memory = below(4) ? below(MEMORY) : 4 * below(MEMORY / 4), region = below(REGION);
    __asan_unpoison_memory_region(arena, sizeof arena);
    for (size_t i = 0; i < sizeof arena; i++) arena[i] = (uint8_t)below(256);
    guest.memory = arena + GAP;
    guest.memory_bytes = memory;
    guest.region[FTTE_REGION_FROZEN].bytes = arena + GAP + MEMORY + GAP;
    guest.region[FTTE_REGION_FROZEN].length = region;
    __asan_poison_memory_region(arena, GAP);
    __asan_poison_memory_region(guest.memory + memory, MEMORY - memory + GAP);
    __asan_poison_memory_region(guest.region[FTTE_REGION_FROZEN].bytes + region, REGION - region + GAP);
}

static uint32_t dimension(void) {
    static const uint32_t extreme[] = {0x7fff, 0x7ffe, 0x4000, 0x8000, 0x0fffffff, 0x7fffffff, 0x80000000, UINT32_MAX};
    uint32_t how = below(8);
    return how == 0 ? 0 : how == 1 ? extreme[below(8)] : how == 2 ? below(0x8000) : below(64);
}

// Mostly where the operand just fits, at the beginning, at the end or between; in memory or in the region.
static uint32_t address(uint64_t bytes, uint32_t align) {
    bool frozen = below(8) == 0;
    uint32_t room = frozen ? guest.region[FTTE_REGION_FROZEN].length : guest.memory_bytes;
    uint32_t last = bytes > room ? 0 : room - (uint32_t)bytes, how = below(16);
    uint32_t at = how < 8 ? last - last % align : how < 14 ? align * below(last / align + 1) : below(UINT32_MAX);
    return frozen ? (uint32_t)FTTE_REGION_FROZEN << 28 | (at & 0x0fffffff) : at;
}

// A window outside an input without columns, times so many channels that 32 bits overflow: it once passed for a width.
static const uint32_t overflowing_window[] = {2, 0, 0x6d55, 5, 7, 5, 2, 0, 3, 0x69b9, 2, 3};

// Small dimensions, and in every other draw some that may be anything; in one of eight, zeros and large ones in plenty:
// a zero lets large ones pass the check.
static void draw(const struct leaf *leaf, uint32_t *words) {
    uint64_t bytes[OPERANDS];
    uint32_t operand = 0;
    uint32_t wild = below(8);
    for (uint32_t i = 0; leaf->kinds[i]; i++) words[i] = leaf->kinds[i] == 'f' ? below(UINT32_MAX) : below(6);
    for (uint32_t i = 0; leaf->kinds[i] && wild < 4; i++)
        if (leaf->kinds[i] == 'd' && below(wild ? 6 : 2) == 0)
            words[i] = wild ? dimension() : below(2) ? 0 : below(0x8000);
    if (below(256) == 0 && strncmp(leaf->kinds, "dddddddddddd", 12) == 0)
        memcpy(words, overflowing_window, sizeof overflowing_window);
    leaf->extents(words, bytes);
    for (uint32_t i = 0; leaf->kinds[i]; i++)
        if (leaf->kinds[i] < 'd') words[i] = address(bytes[operand++], (uint32_t)leaf->kinds[i] - '0');
}

static int long_runs;
static bool expired(void *context) {
    (void)context;
    return --long_runs < 0;
}

// Returns whether the leaf ran; sets `*busy` to the most blocks per turn so far.
static bool try_one(const struct leaf *leaf, double *busy) {
    uint32_t words[WORDS];
    draw(leaf, words);
    memcpy(drawn, words, sizeof words);
    guest.fuel = FEW_TURNS;
    blocks = 0;
    if (leaf->run(&guest, words) != FTTE_OK) return false;
    double ratio = guest.fuel < FEW_TURNS ? (double)blocks / (double)(FEW_TURNS - guest.fuel) : 0;
    if (ratio > *busy) *busy = ratio;
    if (ratio > BLOCKS_PER_TURN) tell("turns too often");
    return true;
}

int main(int count, char **args) {
    uint32_t draws = count > 1 ? (uint32_t)atoi(args[1]) : 1000;
    __sanitizer_set_death_callback(tell_death);
    for (size_t l = 0; l < sizeof leaves / sizeof *leaves; l++) {
        uint32_t ran = 0;
        double busy = 0;
        current = &leaves[l];
        guest.expired = expired;
        long_runs = LONG_RUNS;
        for (uint32_t i = 0; i < draws && busy <= BLOCKS_PER_TURN; i++) {
            if (i % BATCH == 0) lay_out();
            ran += try_one(&leaves[l], &busy);
        }
        report(ran > draws / 50 && busy <= BLOCKS_PER_TURN,
               "%s: %u of %u draws pass the check; %.1f blocks per turn at most, all in bounds", current->name, ran,
               draws, busy);
    }
    puts("done");
    return 0;
}
