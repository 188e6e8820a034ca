// The Folder in WebAssembly: host/fl/assembly/fold.ts, compiled by host/build/fold.ts, in one instance whose memory grows as needed.

import { instantiateSync } from "@assemblyscript/loader";
import type { Plan, SliceSegment } from "../plan/types.ts";
import type { Folder, WeightedRows } from "./aggregate.ts";

interface Exports extends Record<string, unknown> {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  addRows(rows: number, elements: number, weight: number, at: number, sum: number): void;
  addRows4(rows: number, elements: number, weights: number, at: number, next: number, sum: number): void;
}

/** @param module bytes of fold.wasm */
export function wasmFolder(module: Uint8Array): Folder {
  const exports = instantiateSync<Exports>(module).exports as unknown as Exports;
  const weightsAt = 1024; // the module's own data lies below
  const sumAt = weightsAt + 16;
  const room = (end: number) => {
    const missing = end - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  };
  const add = (plan: Plan, rowsAt: number, call: (s: SliceSegment, at: number, sum: number) => void) => {
    let at = rowsAt;
    for (const s of plan.segments) {
      call(s, at, sumAt + s.sliceOffset * 4);
      at += s.rows * (4 + ((s.rowElements + 3) & ~3));
    }
  };
  return {
    sum(plan: Plan, updates: readonly WeightedRows[]): Float32Array {
      const bytes = plan.sliceCount * 4;
      const rowsAt = (sumAt + bytes + 15) & ~15;
      const next = Math.max(0, ...updates.map((update) => update.rows.length));
      room(rowsAt + 4 * next);
      const memory = new Uint8Array(exports.memory.buffer);
      const weights = new Float32Array(exports.memory.buffer, weightsAt, 4);
      memory.fill(0, sumAt, sumAt + bytes);
      for (let i = 0; i < updates.length; ) {
        const group = updates.slice(i, i + (i + 4 <= updates.length ? 4 : 1));
        group.forEach(({ rows, weight }, k) => {
          memory.set(rows, rowsAt + k * next);
          weights[k] = weight;
        });
        if (group.length === 4)
          add(plan, rowsAt, (s, at, sum) => exports.addRows4(s.rows, s.rowElements, weightsAt, at, next, sum));
        else add(plan, rowsAt, (s, at, sum) => exports.addRows(s.rows, s.rowElements, group[0]!.weight, at, sum));
        i += group.length;
      }
      return new Float32Array(exports.memory.buffer.slice(sumAt, sumAt + bytes));
    },
  };
}
