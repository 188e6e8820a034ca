// Linked over ftte_guest_open (--wrap): firmware in which no kernels load.
#include "spec.gen.h"

int __wrap_ftte_guest_open(void);

int __wrap_ftte_guest_open(void) { return FTTE_ERR_GUEST_LOAD; }
