// No sensor: samples come over the link (sampleAppend). A board with one returns its next finished window here, and
// keeps recording behind the session's back.
#include "board.h"

int ftte_port_sample_read(void *buf, size_t cap) {
    (void)buf, (void)cap;
    return 0;
}
