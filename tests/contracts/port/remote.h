// The port contract where the link is all there is between a board and the world: the peer is a program on the host
// (remote.ts), and peer and board share the line with the link that is tested. A record on the line begins with
// REMOTE_MARK, then its kind, then a count of u16 little endian:
//
//     'S'  count, bytes: send me these               'P'  count, text: print this
//     'R'  count: give me what arrived, `count` bytes at most; the answer is a count and bytes, without a mark
//
// What is outside of records was written by the contract: that is what arrived.
#ifndef REMOTE_H
#define REMOTE_H

#include <stddef.h>

#define REMOTE_MARK                                                                                                    \
    "\x1b\x7f"                                                                                                         \
    "ftte\x7f\x1b"

// Runs the contract over the port's open link and prints "done".
void remote_contract(void);

// Returns when what was printed has left, as far as the board can tell.
void remote_flush(void);

// Sends what is still to be sent, for ever.
void remote_rest(void) __attribute__((noreturn));

// Output of printf: a 'P' record. For the C library of the port to call.
void remote_print(const char *text, size_t count);

#endif
