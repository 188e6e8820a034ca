// Linked over ftte_port_link_write (--wrap): firmware that works, and of which nobody hears anything.
#include <stddef.h>

int __wrap_ftte_port_link_write(const void *buf, size_t bytes);

int __wrap_ftte_port_link_write(const void *buf, size_t bytes) {
    (void)buf;
    return (int)bytes;
}
