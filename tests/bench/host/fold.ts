// The fold alone: int8 updates of 10,000 parameters added into one f32 sum, by the SIMD module, by the same loop in plain JavaScript, and,
// as the floor that memory sets, a copy of the same bytes. More updates than caches hold.

import { readFileSync } from "node:fs";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import type { Folder } from "../../../host/fl/aggregate.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { eachRow, rowsBytes } from "../../../host/plan/slice.ts";
import type { Model } from "../../../host/plan/types.ts";
import { type Figure, inTurn, secondsOf } from "./measure.ts";

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

export async function foldFigures(rounds: number): Promise<Figure[]> {
  await buildFold();
  const plan = planModel(model, { selection: "all" });
  const count = 2000;
  const bytes = rowsBytes(plan);
  const all = new Uint8Array(count * bytes).map((_, i) => (i * 37) & 0x3f);
  const copy = new Uint8Array(all.length);
  const updates = Array.from({ length: count }, (_, i) => {
    return { rows: all.subarray(i * bytes, (i + 1) * bytes), weight: 1 / (1 + i) };
  });
  const simd = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
  const measured = await inTurn(rounds, {
    simd: () => count / secondsOf(() => simd.sum(plan, updates)),
    plain: () => count / secondsOf(() => plain.sum(plan, updates)),
    copy: () => count / secondsOf(() => copy.set(all)),
  });
  const ratios = {
    "plain JavaScript": measured.ratio("simd", "plain"),
    "a copy of the bytes": measured.ratio("simd", "copy"),
  };
  const what = `int8 updates of ${plan.sliceCount} parameters`;
  return [{ row: "fold", what, value: measured.of("simd"), unit: "updates/s", ratios, goal: "500,000" }];
}
