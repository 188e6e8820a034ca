// No sensor is driven yet: boards of this port learn from samples that the host appends (sampleAppend).
#include "ftte_port.h"

struct ftte_sensor *ftte_port_sensor(void) {
    return NULL;
}
