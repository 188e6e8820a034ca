// The fold alone: int8 updates of 10,000 parameters added into one f32 sum, by the SIMD module, by the same loop in plain JavaScript, and,
// as the floor that memory sets, a copy of the same bytes: as many updates as caches hold, and more than they do.

import { readFileSync } from "node:fs";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import type { Folder } from "../../../host/fl/aggregate.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { eachRow, rowsBytes } from "../../../host/plan/slice.ts";
import type { Model } from "../../../host/plan/types.ts";
import { cpuSecondsOf, type Figure, inTurn } from "./measure.ts";

/** 124 inputs, 80 units: 10,000 parameters with the biases. */
const model: Model = {
  name: "ten-thousand",
  kind: "classifier",
  input: { shape: [124], type: "f32" },
  layers: [{ kind: "dense", units: 80 }],
};

const plain: Folder = {
  sum(plan, updates) {
    const sum = new Float32Array(plan.sliceCount);
    for (const { rows, weight } of updates) {
      const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
      const int8 = new Int8Array(rows.buffer, rows.byteOffset, rows.byteLength);
      eachRow(plan, (first, elements, byte) => {
        const factor = Math.fround(weight * view.getFloat32(byte, true));
        for (let i = 0; i < elements; i++) sum[first + i]! += factor * int8[byte + 4 + i]!;
      });
    }
    return sum;
  },
};

const plan = planModel(model, { selection: "all" });

/** `distinct` updates in memory that lies together, with the same values. */
function updatesOf(distinct: number): Uint8Array {
  const bytes = rowsBytes(plan);
  const rows = new Uint8Array(bytes).map((_, i) => (i * 37) & 0xff);
  eachRow(plan, (_first, _elements, byte) => new DataView(rows.buffer).setFloat32(byte, 1e-3, true)); // its scale
  return new Uint8Array(distinct * bytes).map((_, i) => rows[i % bytes]!);
}

async function measure(what: string, distinct: number, rounds: number, simd: Folder): Promise<Figure> {
  const all = updatesOf(distinct);
  const copy = new Uint8Array(all.length);
  const bytes = rowsBytes(plan);
  const updates = Array.from({ length: distinct }, (_, i) => {
    return { rows: all.subarray(i * bytes, (i + 1) * bytes), weight: 1 / (1 + i) };
  });
  const times = Math.ceil(2000 / distinct);
  const rate = async (work: () => unknown) => {
    const seconds = await cpuSecondsOf(() => {
      for (let i = 0; i < times; i++) work();
    });
    return (times * distinct) / seconds;
  };
  const measured = await inTurn(rounds, {
    simd: () => rate(() => simd.sum(plan, updates)),
    plain: () => rate(() => plain.sum(plan, updates)),
    copy: () => rate(() => copy.set(all)),
  });
  const ratios = {
    "plain JavaScript": measured.ratio("simd", "plain"),
    "a copy of the bytes": measured.ratio("simd", "copy"),
  };
  return { row: "fold", what, value: measured.of("simd"), unit: "updates/CPU s", ratios, goal: "500,000" };
}

export async function foldFigures(rounds: number): Promise<Figure[]> {
  await buildFold();
  const simd = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
  const what = `int8 updates of ${plan.sliceCount.toLocaleString("en")} parameters`;
  return [
    await measure(`${what}, 50 in turn: from the cache`, 50, rounds, simd),
    await measure(`${what}, 2,000 in turn: from memory`, 2000, rounds, simd),
  ];
}
