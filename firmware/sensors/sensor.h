// What a sensor's driver gives: rows (one value per channel, all of one moment) in batches, oldest first. Written for
// whoever adds a driver; lsm6ds3.c is one behind a bus, replay.c one without. Cutting rows into windows, labels and
// flash are the session's business (core/session/recorder.c), the bus is the port's (i2c.h).
//
// No function blocks: what takes time is begun, and asked for again. All are called from the session's loop, never from
// an interrupt, with the port's clock in milliseconds, which wraps. After any error the session calls probe again, a
// second later, and then configure: a driver needs no recovery of its own.
#ifndef FTTE_SENSOR_H
#define FTTE_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "spec.gen.h"

enum {
    FTTE_SENSOR_WAIT = 1,    // configure: not ready yet, call again in a millisecond or more
    FTTE_LABEL_NONE = 0xffff // a row that nobody labelled
};

// Rows that read hands over: consecutive ones, of one label.
struct ftte_sensor_rows {
    uint8_t *elements; // the first row's place; the others follow, each elements * size of the type, unpadded
    uint32_t room;     // rows that there is room for, 1 at least
    // What read says of the rows that it gave:
    uint32_t first_ms; // when the first was measured, by the clock that `now_ms` is of
    uint16_t label;    // of all of them; FTTE_LABEL_NONE from sensors that know none
    bool begins;       // the first does not follow the row that was given last: rows were lost, or a recording begins
};

struct ftte_sensor {
    const char *name;  // at most 15 characters, as the host shows it
    uint8_t type;      // of an element: enum ftte_sample_type
    uint32_t elements; // of a row
    uint32_t rate_mhz; // rows in a thousand seconds; 0: as fast as they are read
    uint16_t poll_ms;  // read at least this often, or rows are lost
    uint16_t window;   // rows of a window if neither host nor plan says; 0: no opinion
    uint16_t hop;      // rows from the beginning of a window to the next one's; 0: half a window
    bool labelled;     // its rows have labels

    // Asks whether the sensor is there; changes nothing in it. FTTE_OK, FTTE_ERR_SENSOR_ABSENT, FTTE_ERR_SENSOR_WRONG
    // or FTTE_ERR_SENSOR_BUS.
    int (*probe)(struct ftte_sensor *self);
    // Resets it, sets it up and starts it, after a probe that went well; called again and again until it returns
    // FTTE_OK. FTTE_SENSOR_WAIT, FTTE_ERR_SENSOR_RESET (it does not come out of its reset, or does not keep what it was
    // told) or an error of the bus.
    int (*configure)(struct ftte_sensor *self, uint32_t now_ms);
    // Takes rows out of it. Returns how many, 0 when none waits, FTTE_ERR_SENSOR_RESET when it lost its settings, or
    // an error of the bus; rows that an error spoils are not given.
    int (*read)(struct ftte_sensor *self, struct ftte_sensor_rows *rows, uint32_t now_ms);
    // Sends it to sleep, as well as it listens. configure wakes it.
    void (*stop)(struct ftte_sensor *self);
};

#endif
