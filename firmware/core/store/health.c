// See health.h.
#include "store/health.h"

#include <string.h>

void ftte_health_read(const struct ftte_store *store, struct ftte_health *health) {
    struct ftte_blob blob = ftte_store_get(store, FTTE_BLOB_KIND_HEALTH);
    memset(health, 0, sizeof *health);
    if (blob.bytes && blob.length <= sizeof *health) memcpy(health, blob.bytes, blob.length);
}

int ftte_health_write(struct ftte_store *store, const struct ftte_health *health) {
    int kind = FTTE_BLOB_KIND_HEALTH;
    int result = ftte_store_create(store, kind, sizeof *health);
    if (result >= 0) result = ftte_store_append(store, kind, 0, health, sizeof *health);
    return result < 0 ? result : ftte_store_commit(store, kind, 0);
}
