// See contract.h. Times are generous: a port may be an emulator on a busy machine.
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "ftte_port.h"
#include "report.h"

// What a window of 960 bytes takes at most on the line: four full frames.
enum { WINDOW_ON_LINE = 4 * FTTE_FRAME_ENCODED_MAX, PATIENCE_MS = 5000 };

static const struct ftte_flash_geometry *flash;

static void fill_pattern(uint8_t *bytes, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)((i + seed) * 0x9e3779b1u >> 13);
}

static bool every(const uint8_t *bytes, size_t count, uint8_t value) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value) return false;
    return true;
}

// ---- link ----

static size_t read_all(uint8_t *to, size_t count) {
    uint32_t start = ftte_port_clock_ms();
    size_t have = 0;
    while (have < count && ftte_port_clock_ms() - start < PATIENCE_MS) {
        int got = ftte_port_link_read(to + have, count - have);
        if (got < 0) return have;
        have += (size_t)got;
        if (got == 0) ftte_port_idle(1);
    }
    return have;
}

static void receives(const struct port_peer *peer) {
    uint8_t sent[WINDOW_ON_LINE], got[WINDOW_ON_LINE + 1] = {0};
    report(ftte_port_link_read(got, sizeof got) == 0, "link_read returns 0 when nothing waits");
    fill_pattern(sent, sizeof sent, 1);
    peer->send(sent, sizeof sent);
    uint32_t start = ftte_port_clock_ms();
    while (ftte_port_clock_ms() - start < 50) ftte_port_watchdog_feed(); // the board is busy with a step
    bool same = read_all(got, sizeof sent) == sizeof sent && memcmp(sent, got, sizeof sent) == 0;
    report(same, "a window of %d bytes is kept while the board does not read, in order and unchanged", WINDOW_ON_LINE);
    peer->send(sent, 3);
    bool split = read_all(got, 1) == 1 && read_all(got + 1, 2) == 2 && memcmp(sent, got, 3) == 0;
    report(split, "link_read returns no more than asked for and keeps the rest");
}

static void transmits(const struct port_peer *peer) {
    static uint8_t sent[65536], got[sizeof sent];
    size_t taken = 0, have = 0;
    fill_pattern(sent, sizeof sent, 2);
    // Nobody reads: sooner or later the buffers are full, or all of it was taken; either way no call blocks.
    for (int idle = 0; taken < sizeof sent && idle < 200;) {
        int count = ftte_port_link_write(sent + taken, sizeof sent - taken);
        if (count < 0) break;
        taken += (size_t)count;
        idle = count == 0 ? idle + 1 : 0;
        ftte_port_idle(1);
        if (taken > 4096) break;
    }
    report(taken > 0, "link_write takes bytes and does not wait for a reader");
    uint32_t start = ftte_port_clock_ms();
    while (have < taken && ftte_port_clock_ms() - start < PATIENCE_MS) {
        have += peer->receive(got + have, sizeof got - have);
        ftte_port_idle(1);
    }
    report(have == taken && memcmp(sent, got, taken) == 0, "what link_write took arrives, in order and unchanged");
}

// ---- clock and idle ----

static void keeps_time(const struct port_peer *peer) {
    uint32_t last = ftte_port_clock_ms(), start = last;
    bool forward = true;
    while (last - start < 20) {
        uint32_t now = ftte_port_clock_ms();
        forward = forward && now - last < 1000;
        last = now;
    }
    report(forward, "the clock only goes forward");
    start = ftte_port_clock_ms();
    ftte_port_idle(0);
    report(ftte_port_clock_ms() - start < 1000, "idle(0) returns at once");
    start = ftte_port_clock_ms();
    ftte_port_idle(30);
    report(ftte_port_clock_ms() - start < 2000, "idle returns when its time is over");
    uint8_t byte = 7;
    peer->send(&byte, 1);
    start = ftte_port_clock_ms();
    while (ftte_port_link_read(&byte, 1) != 1 && ftte_port_clock_ms() - start < PATIENCE_MS) ftte_port_idle(60000);
    report(ftte_port_clock_ms() - start < PATIENCE_MS, "idle ends when a byte arrives");
}

// ---- flash ----

static void has_geometry(void) {
    uint64_t blobs = 0;
    bool aligned = true;
    for (size_t i = 1; i < sizeof flash->partition_bytes / sizeof *flash->partition_bytes; i++) {
        aligned = aligned && flash->partition_bytes[i] % flash->page_bytes == 0;
        blobs += 2 * (uint64_t)flash->partition_bytes[i];
    }
    bool unit = flash->program_bytes > 0 && flash->program_bytes <= 32 &&
                (flash->program_bytes & (flash->program_bytes - 1)) == 0;
    report(flash->map && flash == ftte_port_flash_geometry(), "the geometry is constant");
    report(unit && flash->page_bytes >= 128 && flash->page_bytes % 32 == 0 && flash->bytes % flash->page_bytes == 0,
           "page and program units are those that the store can use");
    report(aligned && blobs <= flash->bytes, "the partitions are whole pages and fit");
    report(((uintptr_t)flash->map & 3) == 0, "the map is aligned to words");
}

static void erases(void) {
    uint32_t page = flash->page_bytes, last = flash->bytes - page;
    uint8_t mark[32];
    memset(mark, 0x5a, sizeof mark);
    bool good = ftte_port_flash_erase(0) == FTTE_OK && ftte_port_flash_erase(page) == FTTE_OK;
    good =
        good && ftte_port_flash_program(0, mark, 32) == FTTE_OK && ftte_port_flash_program(page, mark, 32) == FTTE_OK;
    good = good && ftte_port_flash_erase(0) == FTTE_OK && every(flash->map, page, 0xff);
    report(good, "erase sets a whole page to 0xff, seen through the map at once");
    report(memcmp(flash->map + page, mark, 32) == 0, "erase leaves the next page alone");
    report(ftte_port_flash_erase(last) == FTTE_OK && every(flash->map + last, page, 0xff),
           "the last page can be erased");
    bool refused = ftte_port_flash_erase(page / 2) == FTTE_ERR_FLASH_RANGE;
    refused = refused && ftte_port_flash_erase(flash->bytes) == FTTE_ERR_FLASH_RANGE;
    refused = refused && ftte_port_flash_erase(0xffffffffu - page + 1) == FTTE_ERR_FLASH_RANGE;
    report(refused, "erase refuses offsets that are misaligned or outside");
}

static void programs(void) {
    uint32_t unit = flash->program_bytes;
    static uint8_t bytes[128];
    fill_pattern(bytes, sizeof bytes, 3);
    ftte_port_flash_erase(0);
    bool good = ftte_port_flash_program(unit, bytes, 96) == FTTE_OK && memcmp(flash->map + unit, bytes, 96) == 0;
    report(good, "program writes what it is given, seen through the map at once");
    report(every(flash->map, unit, 0xff) && every(flash->map + unit + 96, 64, 0xff),
           "program leaves other bytes alone");
    uint8_t before[96], zeros[96] = {0};
    memcpy(before, flash->map + unit, sizeof before);
    int result = ftte_port_flash_program(unit, (memset(bytes, 0xff, sizeof bytes), bytes), 96);
    bool kept = memcmp(before, flash->map + unit, sizeof before) == 0;
    report(kept && (result == FTTE_ERR_FLASH_BITS || result == FTTE_OK), "program never sets a bit");
    good = ftte_port_flash_program(unit, zeros, 96) == FTTE_OK && every(flash->map + unit, 96, 0);
    report(good, "program clears bits of programmed bytes (a commit is dropped so)");
}

static void refuses_programs(void) {
    uint32_t unit = flash->program_bytes;
    uint8_t zeros[64] = {0};
    ftte_port_flash_erase(flash->bytes - flash->page_bytes);
    bool refused = ftte_port_flash_program(flash->bytes, zeros, unit) == FTTE_ERR_FLASH_RANGE;
    refused = refused && ftte_port_flash_program(flash->bytes - unit, zeros, 2 * unit) == FTTE_ERR_FLASH_RANGE;
    refused = refused && ftte_port_flash_program(0u - unit, zeros, 2 * unit) == FTTE_ERR_FLASH_RANGE;
    report(refused && every(flash->map + flash->bytes - unit, unit, 0xff), "program refuses what lies outside, whole");
    if (unit > 1) {
        refused = ftte_port_flash_program(1, zeros, unit) == FTTE_ERR_FLASH_RANGE;
        refused = refused && ftte_port_flash_program(0, zeros, unit - 1) == FTTE_ERR_FLASH_RANGE;
        report(refused, "program refuses what is not aligned to its unit");
    }
    report(ftte_port_flash_program(0, zeros, 0) == FTTE_OK, "a program of nothing is nothing");
}

// ---- chip and wearable ----

static void has_random(void) {
    uint8_t a[37] = {0}, b[37] = {0};
    bool good = ftte_port_random(a, 33) == FTTE_OK && ftte_port_random(b, 33) == FTTE_OK;
    report(good && memcmp(a, b, 33) != 0 && !every(a, 33, a[0]), "random bytes differ from call to call");
    report(every(a + 33, 4, 0), "random writes no further than asked");
}

static void knows_itself(void) {
    uint8_t a[16], b[16];
    ftte_port_chip_id(a);
    ftte_port_chip_id(b);
    report(memcmp(a, b, 16) == 0 && !every(a, 16, 0) && !every(a, 16, 0xff), "the chip id is there and stays the same");
    size_t length = strlen(ftte_port_board_class());
    report(length > 0 && length <= 15, "the board class has 1 to 15 characters");
    int reason = ftte_port_reset_reason(), battery = ftte_port_battery();
    report(reason >= 0 && reason <= FTTE_RESET_REASON_FAULT, "the reset reason is one of the list");
    struct ftte_panic_record *record = ftte_port_panic();
    report(record && record == ftte_port_panic() && !ftte_panic_sealed(record), "no fault, no record of one");
    ftte_panic_seal(record);
    bool kept = ftte_panic_sealed(ftte_port_panic());
    ftte_panic_forget(record);
    report(kept && !ftte_panic_sealed(record), "the record of a fault can be sealed and forgotten");
    report((battery >= 0 && battery <= 100) || battery == 255, "the battery is a percentage or 255");
}

// Reads until the sensor runs. Returns what configure said last.
static int bring_up(struct ftte_sensor *sensor) {
    int result = FTTE_SENSOR_WAIT;
    for (uint32_t start = ftte_port_clock_ms(); result == FTTE_SENSOR_WAIT;) {
        result = sensor->configure(sensor, ftte_port_clock_ms());
        if (ftte_port_clock_ms() - start > PATIENCE_MS) break;
        ftte_port_idle(1);
    }
    return result;
}

static void senses(void) {
    static uint8_t elements[16384];
    struct ftte_sensor *sensor = ftte_port_sensor();
    report(sensor == ftte_port_sensor(), "the sensor is the same whenever it is asked for, or there is none");
    if (!sensor) return;
    report(strlen(sensor->name) <= 15 && sensor->type <= FTTE_SAMPLE_TYPE_F32 && sensor->elements > 0,
           "the sensor says what its rows are");
    int found = sensor->probe(sensor);
    report(found >= 0 ? bring_up(sensor) == FTTE_OK : found <= FTTE_ERR_SENSOR_ABSENT && found >= FTTE_ERR_SENSOR_BUS,
           "the sensor is there and starts, or its absence has a name");
    if (found < 0) return;
    struct ftte_sensor_rows rows = {.elements = elements, .room = 1};
    memset(elements, 0xee, sizeof elements);
    int got = sensor->read(sensor, &rows, ftte_port_clock_ms());
    size_t bytes = sensor->elements * (sensor->type == FTTE_SAMPLE_TYPE_F32 ? 4 : sensor->type + 1u);
    report(got == 0 || (got == 1 && rows.begins), "its first row follows none");
    report(elements[bytes] == 0xee, "it writes no further than it was given room for");
}

void port_contract(const struct port_peer *peer) {
    flash = ftte_port_flash_geometry();
    receives(peer);
    transmits(peer);
    keeps_time(peer);
    has_geometry();
    erases();
    programs();
    refuses_programs();
    has_random();
    knows_itself();
    senses();
    ftte_port_watchdog_feed();
}
