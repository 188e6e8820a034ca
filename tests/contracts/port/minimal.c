// The port contract on the minimal port: the peer is the other end of the two pipes that stand for standard input and
// output. The report goes where standard output was.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "board.h"
#include "contract.h"
#include "report.h"

static int to_board, from_board;

static void send_bytes(const void *bytes, size_t count) {
    if (write(to_board, bytes, count) != (ssize_t)count) exit(1);
}

static size_t receive_bytes(void *bytes, size_t cap) {
    ssize_t taken = read(from_board, bytes, cap);
    return taken > 0 ? (size_t)taken : 0;
}

// Puts a pipe in the place of `standard`; returns the peer's end.
static int replace(int standard) {
    int ends[2], board_end = standard == STDIN_FILENO ? 0 : 1;
    if (pipe(ends) != 0 || dup2(ends[board_end], standard) < 0) exit(1);
    close(ends[board_end]);
    return ends[1 - board_end];
}

int main(void) {
    const struct port_peer peer = {send_bytes, receive_bytes};
    stdout = fdopen(dup(STDOUT_FILENO), "w");
    to_board = replace(STDIN_FILENO);
    from_board = replace(STDOUT_FILENO);
    if (!stdout || fcntl(from_board, F_SETFL, O_NONBLOCK) != 0) return 1;
    board_flash_open();
    port_contract(&peer);
    close(to_board);
    uint8_t byte;
    report(ftte_port_link_read(&byte, 1) == FTTE_ERR_LINK_GONE && board_link_ended(),
           "the end of the input is noticed");
    printf("done\n");
    return 0;
}
