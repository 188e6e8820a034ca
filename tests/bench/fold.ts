// The fold alone: int8 updates of 10,000 parameters added into one f32 sum, by the SIMD module and by the same loop in plain JavaScript,
// taken in turn in one run. `--json` for programs.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { builtGuest } from "../../host/build/root.ts";
import { table } from "../../host/cli/view/text.ts";
import type { Folder } from "../../host/fl/aggregate.ts";
import { wasmFolder } from "../../host/fl/fold.ts";
import { planModel } from "../../host/plan/plan.ts";
import { rowsBytes } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, rounds: { type: "string", default: "9" } } });
await buildFold();

/** 124 inputs, 80 units: 10,000 parameters with the biases. */
const model: Model = {
  name: "ten-thousand",
  kind: "classifier",
  input: { shape: [124], type: "f32" },
  layers: [{ kind: "dense", units: 80 }],
};
const plan = planModel(model, { selection: "all" });
const rows = new Uint8Array(rowsBytes(plan)).map((_, i) => (i * 37) & 0x3f);

const plain: Folder = {
  sum({ segments, sliceCount }, updates) {
    const sum = new Float32Array(sliceCount);
    for (const { rows: bytes, weight } of updates) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const int8 = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      for (const { rows: count, rowElements, sliceOffset } of segments)
        for (let row = 0; row < count; row++) {
          const factor = Math.fround(weight * view.getFloat32(at, true));
          const first = sliceOffset + row * rowElements;
          for (let i = 0; i < rowElements; i++) sum[first + i]! += factor * int8[at + 4 + i]!;
          at += 4 + ((rowElements + 3) & ~3);
        }
    }
    return sum;
  },
};

const updates = Array.from({ length: 2000 }, (_, i) => ({ rows, weight: 1 / (1 + i) }));
function updatesPerSecond(folder: Folder): number {
  const start = performance.now();
  folder.sum(plan, updates);
  return updates.length / ((performance.now() - start) / 1000);
}

const simd = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
updatesPerSecond(simd);
updatesPerSecond(plain);
const rounds = Array.from({ length: Number(values.rounds) }, () => ({
  simd: updatesPerSecond(simd),
  plain: updatesPerSecond(plain),
}));
const report = {
  type: "fold",
  parameters: plan.sliceCount,
  simd: Math.round(median(rounds.map((r) => r.simd))),
  plain: Math.round(median(rounds.map((r) => r.plain))),
  ratio: median(rounds.map((r) => r.simd / r.plain)),
};
if (values.json) console.log(JSON.stringify(report));
else
  console.log(
    table(
      ["fold of int8 updates", "updates/s"],
      [
        ["SIMD module", String(report.simd)],
        ["plain JavaScript", String(report.plain)],
        ["ratio", report.ratio.toFixed(2)],
      ],
    ),
  );
