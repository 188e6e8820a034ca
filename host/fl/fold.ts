// The Folder in WebAssembly: host/fl/assembly/fold.ts, compiled by host/build/fold.ts, in one instance whose memory grows as needed.

import { instantiateSync } from "@assemblyscript/loader";
import type { Plan } from "../plan/types.ts";
import type { Folder } from "./aggregate.ts";

interface Exports extends Record<string, unknown> {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  addRows(rows: number, elements: number, weight: number, at: number, sum: number): void;
}

/** @param module bytes of fold.wasm */
export function wasmFolder(module: Uint8Array): Folder {
  const exports = instantiateSync<Exports>(module).exports as unknown as Exports;
  const first = 1024; // the module's own data lies below
  return {
    addRows(plan: Plan, rows: Uint8Array, weight: number, sum: Float32Array): void {
      const sumAt = (first + rows.length + 15) & ~15;
      const missing = sumAt + sum.byteLength - exports.memory.buffer.byteLength;
      if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
      new Uint8Array(exports.memory.buffer).set(rows, first);
      const inside = new Float32Array(exports.memory.buffer, sumAt, sum.length);
      inside.set(sum);
      let at = first;
      for (const s of plan.segments) {
        exports.addRows(s.rows, s.rowElements, weight, at, sumAt + s.sliceOffset * 4);
        at += s.rows * (4 + ((s.rowElements + 3) & ~3));
      }
      sum.set(inside);
    },
  };
}
