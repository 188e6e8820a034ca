// The one way for samples to leave a board: all records of the log, one after the other, as a blob of kind export. Only
// firmware that was built with EXPORT=1 (firmware/Makefile) has it, and says so in its hello; all other firmware
// answers with samples-private, and holds no code that could do anything else.
#include <string.h>

#include "session/state.h"

#ifdef FTTE_CAPTURE_EXPORT

uint32_t ftte_export_feature(void) { return FTTE_FEATURE_CAPTURE_EXPORT; }

int ftte_export_info(const struct ftte_session *s, struct ftte_get_info *info) {
    struct ftte_sha256 sha;
    uint32_t samples = ftte_store_samples(&s->store);
    if (samples == 0) return FTTE_ERR_SAMPLES_NONE;
    info->total = samples * s->store.record_bytes;
    ftte_sha256_start(&sha);
    for (uint32_t i = 0; i < samples; i++)
        ftte_sha256_add(&sha, ftte_store_sample(&s->store, i), s->store.record_bytes);
    ftte_sha256_finish(&sha, info->sha256);
    return FTTE_OK;
}

void ftte_export_read(const struct ftte_session *s, uint32_t at, uint8_t *into, uint32_t bytes) {
    uint32_t record_bytes = s->store.record_bytes;
    while (bytes > 0) {
        const uint8_t *record = ftte_store_sample(&s->store, at / record_bytes);
        uint32_t left = record_bytes - at % record_bytes, take = bytes < left ? bytes : left;
        if (!record) return;
        memcpy(into, record + at % record_bytes, take);
        at += take;
        into += take;
        bytes -= take;
    }
}

#else

uint32_t ftte_export_feature(void) { return 0; }

int ftte_export_info(const struct ftte_session *s, struct ftte_get_info *info) {
    (void)s, (void)info;
    return FTTE_ERR_SAMPLES_PRIVATE;
}

void ftte_export_read(const struct ftte_session *s, uint32_t at, uint8_t *into, uint32_t bytes) {
    (void)s, (void)at;
    memset(into, 0, bytes);
}

#endif
