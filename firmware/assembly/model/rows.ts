// Rows of the slice: what an update (int8 with one scale per row, or f32) and a delta (always int8) are made of.
import { saxpy, scopy, sdecodeRow, sencodeRow, tick } from "blas";
import { resolve } from "../kernels";
import {
  ERR_ARGUMENT,
  PLAN_HEADER_SCRATCH_AT_AT,
  PLAN_HEADER_SEGMENTS_AT,
  PLAN_HEADER_SEGMENTS_AT_AT,
  PLAN_HEADER_STATE_AT_AT,
  REGION_DELTA,
  REGION_RESIDUAL,
  REGION_SLICE,
  ROW_ENCODING_F32,
  ROW_ENCODING_INT8,
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
 * What row `row` of the state is away from the slice, into scratch, in an encoding of RowEncoding. Returns the bytes, or an error: no such
 * row or encoding. Only int8 takes a residual in and leaves one; f32 says everything.
 */
export function encode(row: u32, encoding: u32, residual: i32): i32 {
  if (!find(row)) return ERR_ARGUMENT;
  if (encoding == ROW_ENCODING_INT8) return encodeInt8(residual);
  return encoding == ROW_ENCODING_F32 ? encodeF32() : ERR_ARGUMENT;
}

/** Scale f32, int8 elements padded to 4 bytes, the new residual f32. */
function encodeInt8(residual: i32): i32 {
  const out = place(PLAN_HEADER_SCRATCH_AT_AT);
  const at = (<usize>first) << 2;
  const left = out + 4 + padded(elements);
  store<u32>(left - 4, 0); // the padding, before the elements cover the rest
  // Without a residual the slice stands in for it: the row is read but not used.
  const carried = resolve((residual ? REGION_RESIDUAL : REGION_SLICE) << 28) + at;
  const scale = sencodeRow(
    elements,
    residual,
    place(PLAN_HEADER_STATE_AT_AT) + at,
    resolve(REGION_SLICE << 28) + at,
    carried,
    out + 4,
    left,
  );
  store<f32>(out, scale);
  return 4 + padded(elements) + (elements << 2);
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
