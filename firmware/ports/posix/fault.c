// Faults of the virtual board: a signal that would end the process leaves a record beside the flash's file, as a chip's
// handler leaves one in RAM, and the board starts again. Addresses of code are relative to the program's first byte, as
// in its ELF file, wherever the system has put it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "board.h"

static struct ftte_panic_record unkept, *record = &unkept;
static uintptr_t image;

struct ftte_panic_record *ftte_port_panic(void) {
    return record;
}

// The first of the objects is the program (dl_iterate_phdr(3)).
static int take_image(struct dl_phdr_info *info, size_t bytes, void *context) {
    (void)bytes, (void)context;
    image = info->dlpi_addr;
    return 1;
}

extern const char __executable_start[], etext[]; // by the linker

static bool is_code(uintptr_t at) { return at >= (uintptr_t)__executable_start && at < (uintptr_t)etext; }

// x86 has no link register: of a fault in the C library, the first word on the stack that is an address of our code.
static uintptr_t return_address(uintptr_t sp) {
    enum { WORDS = 64 };
    for (const uintptr_t *word = (const uintptr_t *)sp; word < (const uintptr_t *)sp + WORDS; word++)
        if (is_code(*word)) return *word;
    return 0;
}

static void note_registers(struct ftte_panic *panic, const ucontext_t *context) {
    uintptr_t pc = 0, lr = 0, sp = 0;
#if defined(__i386__)
    pc = (uintptr_t)context->uc_mcontext.gregs[REG_EIP];
    sp = (uintptr_t)context->uc_mcontext.gregs[REG_ESP];
    lr = is_code(pc) ? 0 : return_address(sp);
#elif defined(__x86_64__)
    pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    lr = is_code(pc) ? 0 : return_address(sp);
#elif defined(__aarch64__)
    pc = context->uc_mcontext.pc;
    lr = context->uc_mcontext.regs[30];
    sp = context->uc_mcontext.sp;
#else
    (void)context;
#endif
    panic->pc = pc ? (uint32_t)(pc - image) : 0;
    panic->lr = lr ? (uint32_t)(lr - image) : 0;
    panic->sp = (uint32_t)sp;
}

void board_fault_note(int reason, const siginfo_t *info, const void *context) {
    record->panic = (struct ftte_panic){.architecture = FTTE_ARCHITECTURE_POSIX, .reason = (uint8_t)reason};
    record->panic.cause = (uint32_t)info->si_signo;
    if (reason == FTTE_RESET_REASON_FAULT) record->panic.address = (uint32_t)(uintptr_t)info->si_addr;
    note_registers(&record->panic, context);
    ftte_panic_seal(record);
}

#if !defined(__SANITIZE_ADDRESS__) // which has handlers of its own, and says more
static void fault(int number, siginfo_t *info, void *context) {
    static const char text[] = "ftte-posix: a fault; the board restarts\n";
    sigset_t all;
    (void)number;
    board_fault_note(FTTE_RESET_REASON_FAULT, info, context);
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL); // the mask would outlive exec
    board_restart(FTTE_RESET_REASON_FAULT);
    _exit(1);
}

static void handle_faults(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
}
#else
static void handle_faults(void) {}
#endif

void board_fault_open(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s.panic", board_options.flash);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || ftruncate(file, sizeof *record) != 0) board_die("cannot open %s", path);
    void *map = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) board_die("cannot map %s", path);
    close(file);
    record = map;
    dl_iterate_phdr(take_image, NULL);
    handle_faults();
}
