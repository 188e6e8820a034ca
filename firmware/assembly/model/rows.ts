// Rows of the slice: what an update (int8 with one scale per row, of all elements or of the largest; int4 with one; or f32) and a delta (int8
// or int4) are made of.
import { sdecodePairs, sdecodeRow, sencode, tick } from "blas";
import { resolve } from "../kernels";
import {
  ERR_ARGUMENT,
  KEPT_MAX,
  PLAN_HEADER_SCRATCH_AT_AT,
  PLAN_HEADER_SEGMENTS_AT,
  PLAN_HEADER_SEGMENTS_AT_AT,
  PLAN_HEADER_STATE_AT_AT,
  REGION_DELTA,
  REGION_RESIDUAL,
  REGION_SLICE,
  ROW_ENCODING_F32,
  ROW_ENCODING_INT4,
  ROW_ENCODING_INT8,
  ROW_ENCODING_TOP_K,
  SEGMENT_BYTES,
} from "../spec.gen";
import { field, place } from "./plan";

let elements: u32 = 0; // of the row that `find` found
let first: u32 = 0; // its first element in the slice

/** Finds row `row`, counted over all segments. */
function find(row: u32): bool {
  let at = place(PLAN_HEADER_SEGMENTS_AT_AT);
  let start: u32 = 0;
  for (let left = field(PLAN_HEADER_SEGMENTS_AT); left > 0; left--, at += SEGMENT_BYTES) {
    const rows = load<u32>(at);
    elements = load<u32>(at, 4);
    first = start + row * elements;
    if (row < rows) return true;
    row -= rows;
    start += rows * elements;
    tick();
  }
  return false;
}

/**
 * What row `row` of the state is away from the slice, into scratch, in an encoding of RowEncoding, with top-k's share above its 16 bits.
 * Returns the bytes, or an error: no such row, encoding or share. f32 says everything, the others take a residual in and leave one.
 */
export function encode(row: u32, encoding: u32, residual: i32): i32 {
  const share = encoding >> 16;
  const form = encoding & 0xffff;
  if (form - 1 >= ROW_ENCODING_INT4 || (form == ROW_ENCODING_TOP_K ? share - 1 >= KEPT_MAX : share))
    return ERR_ARGUMENT;
  if (!find(row)) return ERR_ARGUMENT;
  const at = (<usize>first) << 2;
  const slice = resolve(REGION_SLICE << 28) + at;
  return sencode(
    elements,
    select<i32>(0, select<i32>(7, 127, form == ROW_ENCODING_INT4), form == ROW_ENCODING_F32),
    share,
    residual,
    place(PLAN_HEADER_STATE_AT_AT) + at,
    slice,
    residual ? resolve(REGION_RESIDUAL << 28) + at : slice, // without one the slice stands in for it: read but not used
    place(PLAN_HEADER_SCRATCH_AT_AT),
  );
}

/**
 * Into scratch: the slice's row plus the delta's, whose scale lies at `deltaAt` of the delta region, and whose encoding is int8 or int4. Returns the
 * bytes, or an error.
 */
export function decode(row: u32, encoding: u32, deltaAt: u32): i32 {
  if (encoding != ROW_ENCODING_INT8 && encoding != ROW_ENCODING_INT4) return ERR_ARGUMENT;
  if (!find(row)) return ERR_ARGUMENT;
  const delta = resolve(REGION_DELTA << 28) + deltaAt;
  const slice = resolve(REGION_SLICE << 28) + ((<usize>first) << 2);
  const y = place(PLAN_HEADER_SCRATCH_AT_AT);
  if (encoding == ROW_ENCODING_INT4) sdecodePairs(elements, slice, delta + 4, delta, y);
  else sdecodeRow(elements, slice, delta + 4, delta, y);
  return elements << 2;
}
