// The finished task in flash: the update (UpdateHeader, then the rows, as int8 with one scale each or, if the task asks
// for it, as int4, as the largest of the int8 alone (top-k) or as f32) and the residual, what rows of whole numbers
// could not say, which the next task adds (error feedback). One row per call.
//
// The residual is committed first, then the update, then the checkpoint goes. A cut in between trains the last steps
// again and encodes the same bytes: the residual of this very task is never an input, its predecessor still lies in the
// other slot. An accepted update keeps its residual. A rejected one counts for nothing, so the residual before it comes
// back: what the host threw away is lost, what was owed from earlier tasks is not.
//
// An f32 update says everything it knows: it adds no residual, leaves none, and does not touch that of an int8 task
// before it, which it did not pay: the next int8, int4 or top-k task of the run does.
#include <string.h>

#include "session/state.h"

bool ftte_update_waits(const struct ftte_session *s, struct ftte_update_header *header) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_UPDATE);
    if (!blob.bytes || blob.length < sizeof *header) return false;
    memcpy(header, blob.bytes, sizeof *header);
    return true;
}

static bool residual_in(const struct ftte_blob *blob, struct ftte_residual *header) {
    if (!blob->bytes || blob->length < sizeof *header) return false;
    memcpy(header, blob->bytes, sizeof *header);
    return header->count == (blob->length - sizeof *header) / 4;
}

bool ftte_residual_held(const struct ftte_session *s, struct ftte_residual *header) {
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_RESIDUAL);
    return residual_in(&blob, header);
}

static bool made_by(const struct ftte_residual *residual, uint32_t run, uint32_t task) {
    return residual->run == run && residual->task == task;
}

// As the guest takes it, and UpdateHeader names it: with the share that top-k keeps in the upper 16 bits.
static uint32_t encoding_of(const struct ftte_task *task) {
    if (task->flags == FTTE_TASK_FLAG_F32_UPDATE) return FTTE_ROW_ENCODING_F32;
    if (task->flags == FTTE_TASK_FLAG_INT4_UPDATE) return FTTE_ROW_ENCODING_INT4;
    return task->kept ? (uint32_t)task->kept << 16 | FTTE_ROW_ENCODING_TOP_K : FTTE_ROW_ENCODING_INT8;
}

// Binds what earlier tasks of this run and plan left over, if anything. Sets s->uses_residual and s->writes_residual.
static int bind_residual(struct ftte_session *s) {
    const struct ftte_task *task = &s->run.task;
    s->uses_residual = s->writes_residual = false;
    if (encoding_of(task) == FTTE_ROW_ENCODING_F32) return FTTE_OK;
    struct ftte_blob blob = ftte_store_get(&s->store, FTTE_BLOB_KIND_RESIDUAL);
    struct ftte_residual header = {0};
    bool held = residual_in(&blob, &header);
    s->writes_residual = !(held && made_by(&header, task->run, task->task));
    if (!s->writes_residual) {
        blob = ftte_store_previous(&s->store, FTTE_BLOB_KIND_RESIDUAL);
        held = residual_in(&blob, &header);
    }
    s->uses_residual =
        held && header.run == task->run && header.plan_crc == task->plan_crc && header.count == s->plan.slice_count;
    if (!s->uses_residual) return FTTE_OK;
    return ftte_guest_bind(&s->guest, FTTE_REGION_RESIDUAL, blob.bytes + sizeof header, 4 * header.count);
}

static int create_residual(struct ftte_session *s) {
    const struct ftte_task *task = &s->run.task;
    struct ftte_residual header = {task->run, task->task, task->plan_crc, s->plan.slice_count};
    if (!s->writes_residual) return FTTE_OK;
    uint32_t total = (uint32_t)sizeof header + 4 * header.count;
    int result = ftte_store_create(&s->store, FTTE_BLOB_KIND_RESIDUAL, total);
    if (result >= 0) result = ftte_store_append(&s->store, FTTE_BLOB_KIND_RESIDUAL, 0, &header, sizeof header);
    s->residual_bytes = sizeof header;
    return result;
}

static int create_update(struct ftte_session *s) {
    const struct ftte_task *task = &s->run.task;
    struct ftte_update_header header = {
        .run = task->run,
        .task = task->task,
        .base_version = task->base_version,
        .plan_crc = task->plan_crc,
        .samples = s->run.samples,
        .steps = task->steps,
        .loss_first = s->run.loss_first,
        .loss_last = s->run.loss_last,
        .rows = ftte_rows_total(&s->rows),
        .count = s->plan.slice_count,
        .encoding = encoding_of(task),
    };
    uint32_t total = (uint32_t)sizeof header + ftte_rows_bytes(&s->rows, encoding_of(task));
    int result = ftte_store_create(&s->store, FTTE_BLOB_KIND_UPDATE, total);
    if (result >= 0) result = ftte_store_append(&s->store, FTTE_BLOB_KIND_UPDATE, 0, &header, sizeof header);
    s->update_bytes = sizeof header;
    return result;
}

int ftte_update_start(struct ftte_session *s) {
    int result = ftte_rows_start(s, &s->plan, &s->rows);
    if (result >= 0) result = bind_residual(s);
    if (result >= 0) result = create_residual(s);
    return result < 0 ? result : create_update(s);
}

static int commit(struct ftte_session *s) {
    int result = FTTE_OK;
    if (s->writes_residual) result = ftte_store_commit(&s->store, FTTE_BLOB_KIND_RESIDUAL, s->run.task.task);
    if (result >= 0) result = ftte_store_commit(&s->store, FTTE_BLOB_KIND_UPDATE, s->run.task.task);
    return result < 0 ? result : 1;
}

static int keep_row(struct ftte_session *s, const uint8_t *encoded, uint32_t row_bytes, uint32_t left_bytes) {
    int result = ftte_store_append(&s->store, FTTE_BLOB_KIND_UPDATE, s->update_bytes, encoded, row_bytes);
    s->update_bytes += row_bytes;
    if (result < 0 || !s->writes_residual) return result;
    result = ftte_store_append(&s->store, FTTE_BLOB_KIND_RESIDUAL, s->residual_bytes, encoded + row_bytes, left_bytes);
    s->residual_bytes += left_bytes;
    return result;
}

int ftte_update_row(struct ftte_session *s) {
    uint32_t elements = ftte_rows_elements(&s->rows);
    if (elements == 0) return commit(s);
    uint32_t encoding = encoding_of(&s->run.task);
    uint32_t row_bytes = ftte_row_bytes(encoding, elements);
    uint32_t left_bytes = encoding == FTTE_ROW_ENCODING_F32 ? 0 : 4 * elements;
    union ftte_value args[3] = {{.u32 = s->rows.index}, {.u32 = encoding}, {.i32 = s->uses_residual}};
    union ftte_value encoded;
    int result = ftte_machine_call(s, FTTE_GUEST_ENCODE_ROW, args, &encoded);
    if (result < 0) return result;
    const uint8_t *bytes = ftte_machine_bytes(s, s->plan.scratch_at, row_bytes + left_bytes);
    if (!bytes || encoded.u32 != row_bytes + left_bytes) return FTTE_ERR_PLAN_RANGE;
    result = keep_row(s, bytes, row_bytes, left_bytes);
    ftte_rows_next(&s->rows);
    return result < 0 ? result : FTTE_OK;
}

static int restore_residual(struct ftte_session *s, const struct ftte_update_ack *ack) {
    struct ftte_residual header;
    if (!ftte_residual_held(s, &header) || !made_by(&header, ack->run, ack->task)) return FTTE_OK;
    return ftte_store_revert(&s->store, FTTE_BLOB_KIND_RESIDUAL);
}

int ftte_update_ack(struct ftte_session *s, const struct ftte_update_ack *ack) {
    struct ftte_update_header update;
    if (ack->verdict > FTTE_VERDICT_REJECTED) return FTTE_ERR_ARGUMENT;
    if (!ftte_update_waits(s, &update)) return FTTE_OK; // a repeat
    if (update.run != ack->run || update.task != ack->task) return FTTE_ERR_TASK_UNKNOWN;
    int result = ack->verdict == FTTE_VERDICT_REJECTED ? restore_residual(s, ack) : FTTE_OK;
    if (result < 0) return result;
    ftte_log(s, FTTE_LOG_UPDATE_ACKNOWLEDGED, ack->task, ack->verdict, 0);
    ftte_transfer_retract(s, FTTE_BLOB_KIND_UPDATE);
    return ftte_store_drop(&s->store, FTTE_BLOB_KIND_UPDATE);
}
