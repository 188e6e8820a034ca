// The Folder in WebAssembly: host/fl/assembly/fold.ts, compiled by host/build/fold.ts, in one instance whose memory grows as needed.

import { instantiateSync } from "@assemblyscript/loader";
import type { Plan } from "../plan/types.ts";
import { foldedAs, type UpdateEncoding, updateRowsBytes } from "../plan/update_rows.ts";
import type { Folder, WeightedRows } from "./aggregate.ts";

interface Exports extends Record<string, unknown> {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  addRows(rows: number, elements: number, weight: number, at: number, sum: number): void;
  addRows4(rows: number, elements: number, weights: number, at: number, next: number, sum: number): void;
  addValues(elements: number, weight: number, at: number, sum: number): void;
  addValues4(elements: number, weights: number, at: number, next: number, sum: number): void;
}

/** Where things lie in the module's memory: an update's rows at `rowsAt`, three others `next` bytes apart behind it. */
interface Places {
  weightsAt: number;
  sumAt: number;
  rowsAt: number;
  next: number;
}

/** Adds the updates that lie in memory, four or one, to the sum. */
type Add = (plan: Plan, places: Places, weights: readonly number[]) => void;

const addInt8 =
  (exports: Exports): Add =>
  (plan, { weightsAt, sumAt, rowsAt, next }, weights) => {
    let at = rowsAt;
    for (const { rows, rowElements, sliceOffset } of plan.segments) {
      const sum = sumAt + sliceOffset * 4;
      if (weights.length === 4) exports.addRows4(rows, rowElements, weightsAt, at, next, sum);
      else exports.addRows(rows, rowElements, weights[0]!, at, sum);
      at += rows * (4 + ((rowElements + 3) & ~3));
    }
  };

const addF32 =
  (exports: Exports): Add =>
  ({ sliceCount }, { weightsAt, sumAt, rowsAt, next }, weights) => {
    if (weights.length === 4) exports.addValues4(sliceCount, weightsAt, rowsAt, next, sumAt);
    else exports.addValues(sliceCount, weights[0]!, rowsAt, sumAt);
  };

const weightsAt = 1024; // the module's own data lies below
const sumAt = weightsAt + 16;

/**
 * A Folder of updates of one encoding, which a run's updates all have; of top-k ones it takes the rows as int8 (foldedRows).
 * @param module bytes of fold.wasm
 */
export function wasmFolder(module: Uint8Array, encoding: UpdateEncoding): Folder {
  const exports = instantiateSync<Exports>(module).exports as unknown as Exports;
  const summed = foldedAs(encoding);
  const add = { int8: addInt8, f32: addF32 }[summed](exports);
  const room = (end: number) => {
    const missing = end - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  };
  return {
    sum(plan: Plan, updates: readonly WeightedRows[]): Float32Array {
      const bytes = plan.sliceCount * 4;
      const next = updateRowsBytes(plan, summed);
      const places = { weightsAt, sumAt, rowsAt: (sumAt + bytes + 15) & ~15, next };
      room(places.rowsAt + 4 * next);
      const memory = new Uint8Array(exports.memory.buffer);
      memory.fill(0, sumAt, sumAt + bytes);
      for (let i = 0; i < updates.length; ) {
        const group = updates.slice(i, i + (i + 4 <= updates.length ? 4 : 1));
        group.forEach(({ rows }, k) => {
          if (rows.length !== next) throw new RangeError(`${rows.length} bytes of rows instead of ${next}`);
          memory.set(rows, places.rowsAt + k * next);
        });
        const weights = group.map(({ weight }) => weight);
        new Float32Array(exports.memory.buffer, weightsAt, 4).set(weights);
        add(plan, places, weights);
        i += group.length;
      }
      return new Float32Array(exports.memory.buffer.slice(sumAt, sumAt + bytes));
    },
  };
}
