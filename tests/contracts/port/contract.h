// Checks every promise of ftte_port.h on a real port. Overwrites the port's flash. A port links contract.c and gives it
// the other end of its link.
#ifndef PORT_CONTRACT_H
#define PORT_CONTRACT_H

#include <stddef.h>
#include <stdint.h>

// The host's end. `send` delivers all bytes to the line; `receive` takes what arrived, at most `cap` bytes, without
// waiting.
struct port_peer {
    void (*send)(const void *bytes, size_t count);
    size_t (*receive)(void *bytes, size_t cap);
};

// Prints a line for every promise (tests/core/report.h).
void port_contract(const struct port_peer *peer);

#endif
