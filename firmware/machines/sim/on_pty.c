// Runs a program whose standard input and output are a new pseudo-terminal, and says on standard error which: the way
// to a board that has no line of QEMU's.
#define _GNU_SOURCE
#include <pty.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int ours, theirs;
    char name[64];
    struct termios raw;
    if (argc < 2 || openpty(&ours, &theirs, name, NULL, NULL) != 0 || tcgetattr(theirs, &raw) != 0) return 1;
    cfmakeraw(&raw);
    tcsetattr(theirs, TCSANOW, &raw); // `theirs` stays open: hosts may come and go
    fprintf(stderr, "line redirected to %s\n", name);
    dup2(ours, STDIN_FILENO);
    dup2(ours, STDOUT_FILENO);
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}
