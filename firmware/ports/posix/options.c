// Command line → struct board_options. Touches no file.
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

struct board_options board_options = {
    .board_class = "virtual",
    .geometry = {.bytes = 1 << 20, .page_bytes = 4096, .program_bytes = 4},
    .ram_bytes = 256 * 1024,
    .stack_bytes = 0,
    .speed = 1,
    .baud = 921600,
    .battery = 255,
    .cut_after = UINT64_MAX,
    .reset_reason = FTTE_RESET_REASON_POWER_ON,
    .watchdog_s = 40, // longer than the deadline of any call of the guest (session/machine.c)
    .inherited = {-1, -1},
};

static const char help[] =
    "ftte-posix: a virtual board, the real firmware as a process on a pseudo-terminal.\n"
    "\n"
    "  --flash FILE            flash contents, kept over restarts (required; created blank)\n"
    "  --link PATH             symbolic link to the board's terminal\n"
    "  --class NAME            board class told to the host (virtual)\n"
    "  --chip-id HEX           up to 16 bytes (from the flash file's name)\n"
    "  --ram BYTES             all RAM: stack, engine, guest (256K)\n"
    "  --stack BYTES           of it, native stack (8K)\n"
    "  --flash-bytes BYTES     ftte's flash region (1M)\n"
    "  --page-bytes BYTES      erase unit (4K)\n"
    "  --program-bytes BYTES   program unit (4)\n"
    "  --partitions LIST       kernels=64K,plan=8K,...: bytes of one slot, per kind of blob; samples take the rest\n"
    "  --samples FILE          the sensor plays this recording (format: sensors/replay.h)\n"
    "  --speed SHARE           of this machine's speed: 0.1 is a tenth (1)\n"
    "  --baud RATE             line rate, 10 bits a byte; 0 is unlimited (921600)\n"
    "  --battery PERCENT       at the start; without it the board has none to measure\n"
    "  --watchdog SECONDS      of processor time without progress until the board restarts; 0 is never (40)\n"
    "  --seed N                predictable random numbers\n"
    "  --cut-after-flash-bytes N  power fails when N more bytes were programmed or erased: the process ends\n"
    "  --brownout-after-flash-bytes=N  the same, and power is back at once\n"
    "  --flash-log FILE        gets a line for each erase and program: what, offset, bytes\n"
    "  --stay                  go on when the parent process ends\n"
    "  --help\n"
    "\n"
    "Example: ftte-posix --flash wrist.bin --link wrist.pty --ram 64K --class nrf52832\n";

enum {
    LINK = 1,
    FLASH,
    SAMPLES,
    CLASS,
    CHIP_ID,
    RAM,
    STACK,
    FLASH_BYTES,
    PAGE_BYTES,
    PROGRAM_BYTES,
    PARTITIONS,
    SPEED,
    BAUD,
    BATTERY,
    WATCHDOG,
    SEED,
    CUT,
    BROWNOUT,
    FLASH_LOG,
    STAY,
    RESET_REASON,
    INHERIT,
    BOOT,
    SUPERVISED,
    HELP
};

static const struct option options[] = {
    {"link", 1, 0, LINK},
    {"flash", 1, 0, FLASH},
    {"samples", 1, 0, SAMPLES},
    {"class", 1, 0, CLASS},
    {"chip-id", 1, 0, CHIP_ID},
    {"ram", 1, 0, RAM},
    {"stack", 1, 0, STACK},
    {"flash-bytes", 1, 0, FLASH_BYTES},
    {"page-bytes", 1, 0, PAGE_BYTES},
    {"program-bytes", 1, 0, PROGRAM_BYTES},
    {"partitions", 1, 0, PARTITIONS},
    {"speed", 1, 0, SPEED},
    {"baud", 1, 0, BAUD},
    {"battery", 1, 0, BATTERY},
    {"watchdog", 1, 0, WATCHDOG},
    {"seed", 1, 0, SEED},
    {"cut-after-flash-bytes", 1, 0, CUT},
    {"brownout-after-flash-bytes", 1, 0, BROWNOUT},
    {"flash-log", 1, 0, FLASH_LOG},
    {"stay", 0, 0, STAY},
    {"help", 0, 0, HELP},
    {"reset-reason", 1, 0, RESET_REASON},
    {"inherit", 1, 0, INHERIT}, // a reset's own: how it starts itself again
    {"boot", 1, 0, BOOT},       // boot.c's own, for the images that it starts
    {"supervised", 0, 0, SUPERVISED},
    {0, 0, 0, 0},
};

static const char *const kinds[] = {"",       "kernels",    "plan",     "frozen", "slice",   "delta",
                                    "update", "checkpoint", "residual", "health", "firmware"};

static void refuse(const char *what, const char *text) {
    fprintf(stderr, "ftte-posix: %s: %s; see --help\n", what, text);
    exit(2);
}

// A whole number, K and M for 1024 and 1024 * 1024.
static uint64_t number(const char *text, uint64_t max, const char *what) {
    char *end;
    unsigned long long value = strtoull(text, &end, 0);
    if (end == text || *text == '-') refuse(what, "is not a number");
    if (*end == 'K' || *end == 'k')
        value <<= 10, end++;
    else if (*end == 'M' || *end == 'm')
        value <<= 20, end++;
    if (*end != 0 || value > max) refuse(what, "is not a number in range");
    return value;
}

static double real(const char *text, double max, const char *what) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= 0 && value <= max)) refuse(what, "is not a number in range");
    return value;
}

static void read_chip_id(const char *hex) {
    size_t digits = strlen(hex);
    if (digits == 0 || digits > 32 || digits % 2 != 0 || strspn(hex, "0123456789abcdefABCDEF") != digits)
        refuse("--chip-id", "must be 1 to 16 bytes in hexadecimal");
    memset(board_options.chip_id, 0, sizeof board_options.chip_id);
    for (size_t i = 0; i < digits / 2; i++) {
        unsigned byte;
        sscanf(hex + 2 * i, "%2x", &byte);
        board_options.chip_id[i] = (uint8_t)byte;
    }
}

static void read_partition(char *entry) {
    char *value = strchr(entry, '=');
    if (value) *value++ = 0;
    for (size_t kind = 1; value && kind < sizeof kinds / sizeof *kinds; kind++) {
        if (strcmp(entry, kinds[kind]) != 0) continue;
        board_options.geometry.partition_bytes[kind] = (uint32_t)number(value, UINT32_MAX, "--partitions");
        return;
    }
    refuse("--partitions", "must be kind=bytes,..., the kinds those of firmware/spec/wire.json");
}

static void read_partitions(const char *list) {
    char *copy = strdup(list), *rest = copy;
    for (char *entry; (entry = strsep(&rest, ",")) != NULL;) read_partition(entry);
    free(copy);
}

// Partitions that suit small models on 1 MiB, where the options name none.
static void default_partitions(void) {
    static const uint32_t kib[] = {0, 64, 16, 128, 48, 16, 16, 96, 48, 4, 0};
    for (size_t kind = 1; kind < sizeof kib / sizeof *kib; kind++)
        board_options.geometry.partition_bytes[kind] = kib[kind] * 1024;
}

// The same file, the same chip: FNV-1a of the flash's path.
static void default_chip_id(void) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = board_options.flash; *c; c++) hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
    memcpy(board_options.chip_id, &hash, sizeof hash);
}

static void take_size(int option, const char *value) {
    struct board_options *o = &board_options;
    switch (option) {
    case RAM: o->ram_bytes = (uint32_t)number(value, 1u << 30, "--ram") & ~15u; break;
    case STACK: o->stack_bytes = (uint32_t)number(value, 1u << 30, "--stack") & ~15u; break;
    case FLASH_BYTES: o->geometry.bytes = (uint32_t)number(value, 1u << 30, "--flash-bytes"); break;
    case PAGE_BYTES: o->geometry.page_bytes = (uint32_t)number(value, 1u << 20, "--page-bytes"); break;
    case PROGRAM_BYTES: o->geometry.program_bytes = (uint32_t)number(value, 32, "--program-bytes"); break;
    case BAUD: o->baud = (uint32_t)number(value, 100000000, "--baud"); break;
    case BATTERY: o->battery = (int)number(value, 100, "--battery"); break;
    case BROWNOUT:
        o->power_returns = true;
        o->cut_after = number(value, UINT64_MAX, "--brownout-after-flash-bytes");
        break;
    case CUT: o->cut_after = number(value, UINT64_MAX, "--cut-after-flash-bytes"); break;
    case RESET_REASON: o->reset_reason = (int)number(value, FTTE_RESET_REASON_FAULT, "--reset-reason"); break;
    default: break;
    }
}

static void take(int option, const char *value) {
    struct board_options *o = &board_options;
    switch (option) {
    case LINK: o->link = value; break;
    case FLASH: o->flash = value; break;
    case SAMPLES: o->samples = value; break;
    case CLASS:
        if (strlen(value) > 15) refuse("--class", "has more than 15 characters");
        o->board_class = value;
        break;
    case CHIP_ID: read_chip_id(value); break;
    case PARTITIONS: read_partitions(value); break;
    case SPEED:
        o->speed = real(value, 1, "--speed");
        if (o->speed == 0) refuse("--speed", "must be above 0");
        break;
    case WATCHDOG: o->watchdog_s = real(value, 1e6, "--watchdog"); break;
    case SEED:
        o->seeded = true;
        o->seed = number(value, UINT64_MAX, "--seed");
        break;
    case STAY: o->stay = true; break;
    case FLASH_LOG: o->flash_log = value; break;
    case INHERIT:
        if (sscanf(value, "%d,%d", &o->inherited[0], &o->inherited[1]) != 2) refuse("--inherit", "is a reset's own");
        break;
    case BOOT: o->boot = value; break;
    case SUPERVISED: o->supervised = true; break;
    case HELP: fputs(help, stdout); exit(0);
    case '?': exit(2);
    default: take_size(option, value); break;
    }
}

static void check(void) {
    const struct board_options *o = &board_options;
    const struct ftte_flash_geometry *g = &o->geometry;
    uint64_t blobs = 0;
    if (!o->flash) refuse("--flash", "is missing");
    if (g->page_bytes < 128 || g->page_bytes % 32 != 0)
        refuse("--page-bytes", "must be a multiple of 32, 128 at least");
    if (g->program_bytes == 0 || (g->program_bytes & (g->program_bytes - 1)) != 0)
        refuse("--program-bytes", "must be a power of two up to 32");
    if (g->bytes == 0 || g->bytes % g->page_bytes != 0) refuse("--flash-bytes", "must be a multiple of the page");
    for (size_t kind = 1; kind < sizeof kinds / sizeof *kinds; kind++) {
        if (g->partition_bytes[kind] % g->page_bytes != 0) refuse("--partitions", "must be multiples of the page");
        blobs += 2 * (uint64_t)g->partition_bytes[kind];
    }
    if (blobs > g->bytes) refuse("--partitions", "do not fit into the flash (each kind takes two slots)");
    if (o->ram_bytes < o->stack_bytes + 8192) refuse("--ram", "leaves less than 8 KiB beside the stack");
}

void board_options_read(int argc, char **argv) {
    bool named = false, partitioned = false;
    board_options.argv = argv;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        named |= option == CHIP_ID;
        partitioned |= option == PARTITIONS;
        take(option, optarg);
    }
    if (optind < argc) refuse(argv[optind], "is not an option");
    if (!partitioned) default_partitions();
    if (board_options.stack_bytes == 0) board_options.stack_bytes = FTTE_STACK_BYTES;
    check();
    if (!named) default_chip_id();
}
