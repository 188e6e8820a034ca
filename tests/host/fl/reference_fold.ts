// The judge of the fold: updates' rows decoded one element at a time into f64, by flat coordinate. Knows the rows' layout (docs/wire.md) and
// nothing of slices, folders or SIMD.

import type { Plan } from "../../../host/plan/types.ts";
import { decodeUpdateHeader, RowEncoding, UpdateHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { places } from "../plan/bench.ts";

/** Δ of an update's f32 rows, by flat coordinate. */
export function f32DeltaOf(rows: Uint8Array, plan: Plan): Map<number, number> {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  return new Map(places(plan).map((at, i) => [at, view.getFloat32(4 * i, true)]));
}

/** Δ of an update, header included, by flat coordinate. */
export function updateDelta(bytes: Uint8Array, plan: Plan): Map<number, number> {
  const { encoding } = decodeUpdateHeader(bytes);
  const rows = bytes.subarray(UpdateHeaderBytes);
  if (encoding > 0xffff) return topKDeltaOf(rows, plan, Math.floor(encoding / 0x10000));
  if (encoding === RowEncoding.int4) return int4DeltaOf(rows, plan);
  return (encoding === RowEncoding.f32 ? f32DeltaOf : deltaOf)(rows, plan);
}

/** Δ of an update's top-k rows, `topK` of 256 elements each, by flat coordinate; 0 where an element was not kept. */
export function topKDeltaOf(rows: Uint8Array, plan: Plan, topK: number): Map<number, number> {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const at = places(plan);
  const delta = new Map<number, number>();
  let byte = 0;
  for (const s of plan.segments)
    for (let row = 0; row < s.rows; row++) {
      const map = byte + 4;
      const first = map + Math.ceil(s.rowElements / 8);
      let next = first;
      for (let i = 0; i < s.rowElements; i++) {
        const isKept = (view.getUint8(map + Math.floor(i / 8)) & (2 ** (i % 8))) !== 0;
        const value = isKept ? view.getFloat32(byte, true) * view.getInt8(next++) : 0;
        delta.set(at[s.sliceOffset + row * s.rowElements + i]!, value);
      }
      byte += 4 * Math.ceil((first - byte + Math.ceil((s.rowElements * topK) / 256)) / 4);
    }
  return delta;
}

/**
 * Δ of rows that have all elements, by flat coordinate.
 * @param perByte elements in a byte
 * @param element the i-th of those that begin at a byte
 */
function scaledDelta(rows: Uint8Array, plan: Plan, perByte: number, element: (from: number, i: number) => number) {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const at = places(plan);
  const delta = new Map<number, number>();
  let byte = 0;
  for (const s of plan.segments)
    for (let row = 0; row < s.rows; row++) {
      const scale = view.getFloat32(byte, true);
      for (let i = 0; i < s.rowElements; i++)
        delta.set(at[s.sliceOffset + row * s.rowElements + i]!, scale * element(byte + 4, i));
      byte += 4 + 4 * Math.ceil(s.rowElements / (4 * perByte));
    }
  return delta;
}

/** Δ of an update's int8 rows, by flat coordinate. */
export function deltaOf(rows: Uint8Array, plan: Plan): Map<number, number> {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  return scaledDelta(rows, plan, 1, (from, i) => view.getInt8(from + i));
}

/** Δ of an update's int4 rows, by flat coordinate. */
export function int4DeltaOf(rows: Uint8Array, plan: Plan): Map<number, number> {
  return scaledDelta(rows, plan, 2, (from, i) => {
    const pair = rows[from + Math.floor(i / 2)]!;
    const digit = i % 2 === 0 ? pair % 16 : Math.floor(pair / 16);
    return digit < 8 ? digit : digit - 16;
  });
}

/** Rows with every element drawn: scales around `size`, some of them 0, elements from -127 to 127. */
export function randomRows(plan: Pick<Plan, "segments">, random: () => number, size: number): Uint8Array {
  const bytes: number[] = [];
  for (const s of plan.segments)
    for (let row = 0; row < s.rows; row++) {
      const scale = random() < 0.1 ? 0 : size * (0.1 + random());
      bytes.push(...new Uint8Array(Float32Array.of(scale).buffer));
      for (let i = 0; i < 4 * Math.ceil(s.rowElements / 4); i++)
        bytes.push(i < s.rowElements ? Math.floor(random() * 255) - 127 : 0);
    }
  return Uint8Array.from(bytes);
}
