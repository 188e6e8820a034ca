// The Folder in WebAssembly: host/fl/assembly/fold.ts, compiled by host/build/fold.ts, in one instance whose memory grows as needed.

import { instantiateSync } from "@assemblyscript/loader";
import type { Plan } from "../plan/types.ts";
import type { Folder, WeightedRows } from "./aggregate.ts";

interface Exports extends Record<string, unknown> {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  addRows(rows: number, elements: number, weight: number, at: number, sum: number): void;
}

/** @param module bytes of fold.wasm */
export function wasmFolder(module: Uint8Array): Folder {
  const exports = instantiateSync<Exports>(module).exports as unknown as Exports;
  const first = 1024; // the module's own data lies below
  const room = (end: number) => {
    const missing = end - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  };
  return {
    sum(plan: Plan, updates: readonly WeightedRows[]): Float32Array {
      const bytes = plan.sliceCount * 4;
      const rowsAt = (first + bytes + 15) & ~15;
      room(rowsAt + Math.max(0, ...updates.map((update) => update.rows.length)));
      const memory = new Uint8Array(exports.memory.buffer);
      memory.fill(0, first, first + bytes);
      for (const { rows, weight } of updates) {
        memory.set(rows, rowsAt);
        let at = rowsAt;
        for (const s of plan.segments) {
          exports.addRows(s.rows, s.rowElements, weight, at, first + s.sliceOffset * 4);
          at += s.rows * (4 + ((s.rowElements + 3) & ~3));
        }
      }
      return new Float32Array(exports.memory.buffer.slice(first, first + bytes));
    },
  };
}
