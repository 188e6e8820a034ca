// Lines that c_program.ts turns into vitest tests.
#ifndef REPORT_H
#define REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

// Prints "ok - sentence" or "not ok - sentence".
__attribute__((format(printf, 2, 3))) static inline void report(bool ok, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf(ok ? "ok - " : "not ok - ");
    vprintf(format, args);
    printf("\n");
    fflush(stdout);
    va_end(args);
}

#endif
