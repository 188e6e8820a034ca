// Which firmware a board starts: the image that came over the air last, or the one before it. A port that takes
// firmware over the air calls this at every start, from a part of its own that no update replaces, before any session;
// what it does with the answer (run it in place, copy it, execute it) is the port's business.
//
// An image is started once without the host's confirmation. At the next start it is confirmed (session/trial.c), or it
// is given up: whatever ended it, a fault, the watchdog, a power cut, its own self-test or the end of its time. The
// note that it is being tried is in flash before it runs, so an image that does nothing right is started once as well.
#ifndef FTTE_BOOT_H
#define FTTE_BOOT_H

#include "store/store.h"

// The blob to start, struct ftte_firmware_header and the image behind it, its checksum checked; `bytes` is null when
// the board starts what it was flashed with. `store` is open; `reset_reason` is enum ftte_reset_reason.
struct ftte_blob ftte_boot_choose(struct ftte_store *store, int reset_reason);

#endif
