// The slice: what a board trains of the model's flat parameter vector, and how it travels: rows of int8 with one f32 scale each,
// element by element as the guest does it (firmware/assembly/blas/encoding.ts), in f32 arithmetic, so that both sides hold the same bits.
// Updates may also come as f32: their rows have neither scales nor padding, so they are the slice's elements, one behind the other. Rows of int4,
// and updates of which only the largest elements come: update_rows.ts.

import { FtteError } from "../errors.ts";
import {
  DeltaHeaderBytes,
  encodeDeltaHeader,
  encodeSliceHeader,
  RowEncoding,
  SliceHeaderBytes,
} from "../wire/spec.gen.ts";
import type { Plan } from "./types.ts";

export type SliceLayout = Pick<Plan, "segments" | "runs" | "sliceCount">;

/** The slice's values of a flat parameter vector. */
export function gatherSlice(plan: SliceLayout, parameters: Float32Array): Float32Array {
  const slice = new Float32Array(plan.sliceCount);
  for (const r of plan.runs) slice.set(parameters.subarray(r.modelOffset, r.modelOffset + r.count), r.sliceOffset);
  return slice;
}

/** Writes a slice back to its places in the flat vector. */
export function scatterSlice(plan: SliceLayout, slice: Float32Array, parameters: Float32Array): void {
  for (const r of plan.runs) parameters.set(slice.subarray(r.sliceOffset, r.sliceOffset + r.count), r.modelOffset);
}

const padded = (count: number) => (count + 3) & ~3;

/** Bytes of the slice's rows as int8: per row a scale, the elements, padding to 4. */
export const rowsBytes = (plan: SliceLayout): number =>
  plan.segments.reduce((sum, s) => sum + s.rows * (4 + padded(s.rowElements)), 0);

/** Calls `visit` for every int8 row: its first slice element, its elements, and where it lies among the encoded rows. */
export function eachRow(plan: SliceLayout, visit: (first: number, elements: number, byte: number) => void): void {
  let byte = 0;
  for (const s of plan.segments)
    for (let row = 0; row < s.rows; row++) {
      visit(s.sliceOffset + row * s.rowElements, s.rowElements, byte);
      byte += 4 + padded(s.rowElements);
    }
}

const f = Math.fround;
const leastScale = f(1e-30);

/** What the elements of a row with a scale are. */
export type RowElements = "int8" | "int4";

/** The largest that quantising makes. */
export const largest: Record<RowElements, number> = { int8: 127, int4: 7 };

/** One row's scale: max|d| / levels, or 0 when there is nothing to say. */
function scaleOf(row: Float32Array, levels: number): number {
  let m = 0;
  for (let i = 0; i < row.length; i++) m = Math.max(m, Math.abs(row[i]!));
  if (!(m < Number.POSITIVE_INFINITY)) throw new FtteError("update-invalid", "a delta is not finite");
  const scale = f(m * f(1 / levels));
  return scale > leastScale ? scale : 0;
}

/** int8 rows of `delta` (slice elements), of whose elements those of int4 need half a byte (packInt4). */
export function encodeRows(plan: SliceLayout, delta: Float32Array, kind: RowElements = "int8"): Uint8Array {
  const levels = largest[kind];
  const out = new Uint8Array(rowsBytes(plan));
  const view = new DataView(out.buffer);
  const int8 = new Int8Array(out.buffer);
  eachRow(plan, (first, elements, byte) => {
    const row = delta.subarray(first, first + elements);
    const scale = scaleOf(row, levels);
    view.setFloat32(byte, scale, true);
    if (scale === 0) return;
    const inverse = f(1 / scale);
    for (let i = 0; i < elements; i++) {
      const v = f(row[i]! * inverse);
      const q = (v < 0 ? f(v - 0.5) : f(v + 0.5)) | 0; // towards zero
      int8[byte + 4 + i] = Math.min(levels, Math.max(-levels, q));
    }
  });
  return out;
}

/** base + scale · q, row by row, in f32 as the board computes it. */
export function applyRows(plan: SliceLayout, base: Float32Array, rows: Uint8Array): Float32Array {
  const out = new Float32Array(base);
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const int8 = new Int8Array(rows.buffer, rows.byteOffset, rows.byteLength);
  eachRow(plan, (first, elements, byte) => {
    const scale = view.getFloat32(byte, true);
    for (let i = 0; i < elements; i++) out[first + i] = f(base[first + i]! + f(scale * int8[byte + 4 + i]!));
  });
  return out;
}

/** A slice as a whole: SliceHeader and f32 values. */
export function encodeSlice(version: number, slice: Float32Array): Uint8Array {
  const out = new Uint8Array(SliceHeaderBytes + slice.byteLength);
  out.set(encodeSliceHeader({ version, count: slice.length }));
  out.set(bytesOf(slice), SliceHeaderBytes);
  return out;
}

/** The values of a slice as `encodeSlice` made it: where they lie, or a copy where that is not 4-aligned. */
export function decodeSlice(bytes: Uint8Array): Float32Array {
  const aligned = (bytes.byteOffset + SliceHeaderBytes) % 4 === 0 ? bytes : Uint8Array.from(bytes);
  const count = (bytes.length - SliceHeaderBytes) / 4;
  return new Float32Array(aligned.buffer, aligned.byteOffset + SliceHeaderBytes, count);
}

/** The little-endian bytes of f32 values; what slice CRCs are taken of. */
export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export interface DeltaFrom {
  version: number;
  crc: number;
}

/** A slice against what the board holds: DeltaHeader, and the rows of the plan's slice as int8 or int4. */
export function encodeDelta(from: DeltaFrom, to: DeltaFrom, rows: Uint8Array, kind: RowElements): Uint8Array {
  const out = new Uint8Array(DeltaHeaderBytes + rows.length);
  out.set(
    encodeDeltaHeader({
      baseVersion: from.version,
      baseCrc: from.crc,
      version: to.version,
      crc: to.crc,
      encoding: RowEncoding[kind],
    }),
  );
  out.set(rows, DeltaHeaderBytes);
  return out;
}
