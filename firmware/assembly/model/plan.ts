// The plan that lies at `planAt`: its fields, and whether it may be run. Offsets in the header count from the plan's first byte.

import { tick } from "blas";
import {
  ABI_VERSION,
  ERR_PLAN,
  ERR_PLAN_ABI,
  ERR_PLAN_MEMORY,
  ERR_PLAN_OP,
  ERR_PLAN_RANGE,
  NONE,
  OP_REPEAT,
  PLAN_HEADER_ABI_AT,
  PLAN_HEADER_ANOMALY_AT_AT,
  PLAN_HEADER_APPLY_AT_AT,
  PLAN_HEADER_BYTES,
  PLAN_HEADER_FORWARD_AT_AT,
  PLAN_HEADER_INFER_AT_AT,
  PLAN_HEADER_MAGIC_AT,
  PLAN_HEADER_MEMORY_BYTES_AT,
  PLAN_HEADER_OUTPUT_AT_AT,
  PLAN_HEADER_OUTPUT_ELEMENTS_AT,
  PLAN_HEADER_PLAN_BYTES_AT,
  PLAN_HEADER_SCRATCH_AT_AT,
  PLAN_HEADER_SCRATCH_BYTES_AT,
  PLAN_HEADER_SEGMENTS_AT,
  PLAN_HEADER_SEGMENTS_AT_AT,
  PLAN_HEADER_SLICE_COUNT_AT,
  PLAN_HEADER_STATE_AT_AT,
  PLAN_HEADER_STATE_BYTES_AT,
  PLAN_HEADER_TRAIN_AT_AT,
  PLAN_MAGIC,
  SEGMENT_BYTES,
} from "../spec.gen";
import { wordsOf } from "./ops.gen";

/** Where the host puts the plan: the first 16-aligned byte behind the guest's own data. */
export function planAt(): usize {
  return (__heap_base + 15) & ~15;
}

export function field(at: usize): u32 {
  return load<u32>(planAt() + at);
}

/** Address of what the header field points to. */
export function place(at: usize): usize {
  return planAt() + field(at);
}

/** True when `count` bytes at plan offset `at` lie inside [0, limit). */
function inside(at: u32, count: u32, limit: u32): bool {
  return at <= limit && count <= limit - at;
}

function fits(atField: usize, bytes: u32): bool {
  return inside(field(atField), bytes, field(PLAN_HEADER_MEMORY_BYTES_AT));
}

/** Checks one op list: every op known, with its own number of arguments, all of it inside the plan, and no repeat in another's body. */
function checkOps(listField: usize): i32 {
  const end = field(PLAN_HEADER_PLAN_BYTES_AT);
  let at = field(listField);
  let count = field(listField + 4);
  let body: u32 = 0; // ops left of a repeat's
  if (at & 3) return ERR_PLAN;
  for (; count > 0; count--) {
    if (!inside(at, 4, end)) return ERR_PLAN;
    const head = load<u32>(planAt() + at);
    const words = head >> 16;
    if (wordsOf(head & 0xffff) != <i32>words) return ERR_PLAN_OP;
    if (!inside(at + 4, words << 2, end)) return ERR_PLAN;
    if ((head & 0xffff) == OP_REPEAT) {
      if (body > 0 || load<u32>(planAt() + at, 8) == 0) return ERR_PLAN;
      body = load<u32>(planAt() + at, 4);
    } else if (body > 0) body--;
    if (body >= count) return ERR_PLAN;
    at += 4 + (words << 2);
  }
  return 0;
}

function checkSegments(): i32 {
  const count = field(PLAN_HEADER_SEGMENTS_AT);
  if (
    count > 0xffff ||
    !inside(field(PLAN_HEADER_SEGMENTS_AT_AT), count * <u32>SEGMENT_BYTES, field(PLAN_HEADER_PLAN_BYTES_AT))
  )
    return ERR_PLAN;
  let elements: u64 = 0;
  for (let i: u32 = 0, at = place(PLAN_HEADER_SEGMENTS_AT_AT); i < count; i++, at += SEGMENT_BYTES) {
    elements += <u64>load<u32>(at) * <u64>load<u32>(at, 4);
    if (elements > <u64>field(PLAN_HEADER_SLICE_COUNT_AT)) return ERR_PLAN_RANGE;
    // Encoding a row takes a scale, its int8 elements padded to 4 bytes, and its f32 residual. With KEPT_MAX no top-k row takes more.
    const row = <u64>load<u32>(at, 4);
    tick();
    if (4 + ((row + 3) & ~3) + 4 * row > <u64>field(PLAN_HEADER_SCRATCH_BYTES_AT)) return ERR_PLAN_RANGE;
  }
  return 0;
}

function checkPlaces(): i32 {
  if (field(PLAN_HEADER_SLICE_COUNT_AT) > field(PLAN_HEADER_STATE_BYTES_AT) >> 2) return ERR_PLAN_RANGE;
  if (!fits(PLAN_HEADER_STATE_AT_AT, field(PLAN_HEADER_STATE_BYTES_AT))) return ERR_PLAN_RANGE;
  if (!fits(PLAN_HEADER_SCRATCH_AT_AT, field(PLAN_HEADER_SCRATCH_BYTES_AT))) return ERR_PLAN_RANGE;
  if (
    field(PLAN_HEADER_OUTPUT_ELEMENTS_AT) > 0x7fff ||
    !fits(PLAN_HEADER_OUTPUT_AT_AT, field(PLAN_HEADER_OUTPUT_ELEMENTS_AT) << 2)
  )
    return ERR_PLAN_RANGE;
  const anomaly = field(PLAN_HEADER_ANOMALY_AT_AT);
  if (anomaly != NONE && !fits(PLAN_HEADER_ANOMALY_AT_AT, 12)) return ERR_PLAN_RANGE;
  return 0;
}

function checkHeader(bytes: u32, room: u32): i32 {
  if (bytes < <u32>PLAN_HEADER_BYTES || bytes > room) return ERR_PLAN;
  if (field(PLAN_HEADER_MAGIC_AT) != PLAN_MAGIC) return ERR_PLAN;
  if (load<u16>(planAt() + PLAN_HEADER_ABI_AT) != <u16>ABI_VERSION) return ERR_PLAN_ABI;
  const memoryBytes = field(PLAN_HEADER_MEMORY_BYTES_AT);
  if (field(PLAN_HEADER_PLAN_BYTES_AT) != bytes || memoryBytes < bytes) return ERR_PLAN;
  return memoryBytes > room ? ERR_PLAN_MEMORY : 0;
}

const parts = 7;

function checkPart(part: i32, bytes: u32, room: u32): i32 {
  switch (part) {
    case 0:
      return checkHeader(bytes, room);
    case 1:
      return checkPlaces();
    case 2:
      return checkSegments();
    case 3:
      return checkOps(PLAN_HEADER_FORWARD_AT_AT);
    case 4:
      return checkOps(PLAN_HEADER_INFER_AT_AT);
    case 5:
      return checkOps(PLAN_HEADER_TRAIN_AT_AT);
    default:
      return checkOps(PLAN_HEADER_APPLY_AT_AT);
  }
}

/** 0, or the error that says what is wrong with the plan of `bytes` bytes at planAt, which may use `room` bytes from there on. */
export function checkPlan(bytes: u32, room: u32): i32 {
  let error = 0;
  // Turns of a loop lie beside each other on an interpreter's native stack where calls in a row lie upon each other (guest/check.h).
  for (let part = 0; part < parts && !error; part++, tick()) error = checkPart(part, bytes, room);
  return error;
}
