// Linked over ftte_guest_open (--wrap): firmware that faults when it loads kernels.
int __wrap_ftte_guest_open(void);

int __wrap_ftte_guest_open(void) { __builtin_trap(); }
