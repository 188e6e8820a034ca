// No sensor: samples come over the link (sampleAppend). A board with one returns it here: a driver of firmware/sensors,
// or its own (sensors/sensor.h).
#include "board.h"

struct ftte_sensor *ftte_port_sensor(void) {
    return NULL;
}
