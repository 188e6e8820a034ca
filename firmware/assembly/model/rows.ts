// Rows of the slice: what an update (int8 with one scale per row, of all elements or of the largest; or f32) and a delta (always int8) are
// made of.
import { saxpy, scopy, sdecodeRow, sencodeRow, sencodeTopK, tick } from "blas";
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

function padded(count: u32): u32 {
  return (count + 3) & ~3;
}

/**
 * What row `row` of the state is away from the slice, into scratch, in an encoding of RowEncoding, with top-k's share above its 16 bits.
 * Returns the bytes, or an error: no such row, encoding or share. f32 says everything, the others take a residual in and leave one.
 */
export function encode(row: u32, encoding: u32, residual: i32): i32 {
  if (!find(row)) return ERR_ARGUMENT;
  if (encoding == ROW_ENCODING_F32) return encodeF32();
  if (encoding == ROW_ENCODING_INT8) return encodeQuantised(0, elements, residual);
  const topK = encoding >> 16;
  if ((encoding & 0xffff) != ROW_ENCODING_TOP_K || topK - 1 >= KEPT_MAX) return ERR_ARGUMENT;
  const kept = <u32>((<u64>elements * topK + 255) >> 8);
  return encodeQuantised(kept, ((elements + 7) >> 3) + kept, residual);
}

/** Scale f32, `bytes` (all elements as int8; with `kept` a bit map and those kept) padded to 4, the new residual f32. */
function encodeQuantised(kept: u32, bytes: u32, residual: i32): i32 {
  const out = place(PLAN_HEADER_SCRATCH_AT_AT);
  const at = (<usize>first) << 2;
  const left = out + 4 + padded(bytes);
  store<u32>(left - 4, 0); // the padding, before the elements cover the rest
  const state = place(PLAN_HEADER_STATE_AT_AT) + at;
  const slice = resolve(REGION_SLICE << 28) + at;
  // Without a residual the slice stands in for it: the row is read but not used.
  const carried = residual ? resolve(REGION_RESIDUAL << 28) + at : slice;
  const scale = kept
    ? sencodeTopK(elements, kept, residual, state, slice, carried, out + 4, left)
    : sencodeRow(elements, residual, state, slice, carried, out + 4, left);
  store<f32>(out, scale);
  return 4 + padded(bytes) + (elements << 2);
}

/** f32 elements: state + (-1) slice is state - slice, bit for bit. */
function encodeF32(): i32 {
  const out = place(PLAN_HEADER_SCRATCH_AT_AT);
  const at = (<usize>first) << 2;
  scopy(elements, place(PLAN_HEADER_STATE_AT_AT) + at, out);
  saxpy(elements, -1, resolve(REGION_SLICE << 28) + at, out);
  return elements << 2;
}

/** Into scratch: the slice's row plus the delta's, whose scale lies at `deltaAt` of the delta region. Returns the bytes, or an error. */
export function decode(row: u32, deltaAt: u32): i32 {
  if (!find(row)) return ERR_ARGUMENT;
  const delta = resolve(REGION_DELTA << 28) + deltaAt;
  sdecodeRow(
    elements,
    resolve(REGION_SLICE << 28) + ((<usize>first) << 2),
    delta + 4,
    delta,
    place(PLAN_HEADER_SCRATCH_AT_AT),
  );
  return elements << 2;
}
