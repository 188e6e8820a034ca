// No sensor is driven yet: boards of this port learn from samples that the host appends (sampleAppend). A driver for a
// board's sensor takes this file's place.
#include <stddef.h>

#include "ftte_port.h"

int ftte_port_sample_read(void *buf, size_t cap) {
    (void)buf, (void)cap;
    return 0;
}
