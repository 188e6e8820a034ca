// A task's progress in flash: struct ftte_checkpoint, then the state's bytes unless it is at step 0. The next
// checkpoint goes into the other slot, so a cut leaves the last one.
#include <string.h>

#include "session/state.h"

int ftte_checkpoint_write(struct ftte_session *s) {
    int kind = FTTE_BLOB_KIND_CHECKPOINT;
    uint32_t bytes = s->run.step > 0 ? s->plan.state_bytes : 0, head = sizeof s->run;
    int result = ftte_store_create(&s->store, kind, head + bytes);
    if (result >= 0) result = ftte_store_append(&s->store, kind, 0, &s->run, head);
    if (result >= 0 && bytes > 0) {
        const uint8_t *state = ftte_machine_bytes(s, s->plan.state_at, bytes);
        result = state ? ftte_store_append(&s->store, kind, head, state, bytes) : FTTE_ERR_PLAN_RANGE;
    }
    if (result >= 0) result = ftte_store_commit(&s->store, kind, s->run.task.task);
    uint32_t erases = ftte_store_counters(&s->store).erases;
    if (result >= 0) ftte_log(s, FTTE_LOG_CHECKPOINT_WRITTEN, s->run.task.task, s->run.step, erases);
    return result;
}

// True when a state of the plan held follows the header.
static bool fits(const struct ftte_session *s, const struct ftte_checkpoint *checkpoint, uint32_t bytes) {
    struct ftte_plan_header plan;
    if (checkpoint->samples == 0 || checkpoint->step >= checkpoint->task.steps) return false;
    if (checkpoint->step == 0) return bytes == 0;
    return ftte_plan_read(s, &plan) >= 0 && bytes == plan.state_bytes;
}

bool ftte_checkpoint_read(const struct ftte_session *s, struct ftte_checkpoint *checkpoint, struct ftte_blob *state) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_CHECKPOINT);
    *state = (struct ftte_blob){0};
    if (!blob.bytes || blob.length < sizeof *checkpoint) return false;
    memcpy(checkpoint, blob.bytes, sizeof *checkpoint);
    uint32_t bytes = blob.length - (uint32_t)sizeof *checkpoint;
    if (!fits(s, checkpoint, bytes)) return false;
    if (bytes > 0) *state = (struct ftte_blob){.bytes = blob.bytes + sizeof *checkpoint, .length = bytes};
    return true;
}
