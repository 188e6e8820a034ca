// The same plans, weights and samples in Node, under wasm3 with the BLAS translated to C and ahead of time (what boards run), and under
// wasm3 with the BLAS interpreted: outputs, losses, trained values and encoded rows are equal bit for bit, with 32-bit and with 64-bit
// pointers, and the arena is used to the byte that was planned.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { builtGuest } from "../../host/build/root.ts";
import type { PlanOptions } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import type { Model } from "../../host/plan/types.ts";
import { root, testC } from "../core/c_program.ts";
import { engineParts, engines } from "../core/engine.ts";
import { type Bench, bench } from "../host/plan/bench.ts";
import { kernels } from "../host/plan/kernels.ts";
import { picks, randomModel, selectionFrom, trainingOptions } from "../host/plan/random_models.ts";

const wasm = await kernels();
const folder = `${root}build/tests/replay`;
mkdirSync(folder, { recursive: true });
const steps = 4;

const padded = (bytes: Uint8Array, unit: number) => {
  const out = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  out.set(bytes);
  return out;
};
const bytesOf = (a: Float32Array | Uint32Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** What Node's guest answers, in the form that replay.c reads. */
function record(b: Bench, model: Model): Uint8Array {
  const rows = b.plan.segments.reduce((sum, s) => sum + s.rows, 0);
  const samples = Float32Array.from(b.samples.flatMap((s) => [...s]));
  const trains = b.plan.sliceCount > 0 ? steps : 0;
  const head = Uint32Array.of(
    b.plan.binary.length,
    b.frozen.length,
    b.slice.byteLength,
    b.stride,
    b.samples.length,
    trains,
    rows,
    0,
  );
  const parts = [
    bytesOf(head),
    ...[b.plan.binary, b.frozen, bytesOf(b.slice), bytesOf(samples)].map((p) => padded(p, 16)),
  ];
  b.guest.start();
  b.samples.forEach((_, i) => {
    const at = i * b.stride;
    if (model.kind === "autoencoder") parts.push(bytesOf(Float32Array.of(b.guest.score(at))));
    else parts.push(bytesOf(Uint32Array.of(b.guest.infer(at))));
  });
  for (let i = 0; i < trains; i++)
    parts.push(bytesOf(Float32Array.of(b.guest.step((i % b.samples.length) * b.stride, i % 2, 0.05))));
  parts.push(bytesOf(b.guest.state().slice()));
  for (let row = 0; row < rows; row++) {
    const { row: encoded, residual } = b.guest.encodeRow(row, false);
    const all = Buffer.concat([encoded, bytesOf(residual)]);
    parts.push(bytesOf(Uint32Array.of(all.length)), padded(all, 4));
  }
  return Buffer.concat(parts);
}

const paths: string[] = [];
function addCase(name: string, model: Model, options: PlanOptions, seed: number): void {
  const path = join(folder, name);
  writeFileSync(path, record(bench(wasm, model, options, seed), model));
  paths.push(path);
}

for (const [name, model] of Object.entries(referenceModels) as [string, Model][]) {
  const f32 = { ...model, input: { ...model.input, type: "f32" as const } };
  for (const selection of ["all", "head", "bias"] as const) addCase(`${name} ${selection}`, f32, { selection }, 7);
  addCase(
    `${name} with momentum and micro-batches`,
    f32,
    { selection: "all", training: { momentum: 0.9, microBatch: 2, clipNorm: 1, weightDecay: 0.01 } },
    8,
  );
}
const drawn = fc.sample(
  fc.tuple(randomModel, picks, fc.constantFrom("int8" as const, "f32" as const), trainingOptions),
  { numRuns: 60, seed: 20_26 },
);
drawn.forEach(([model, p, frozenForm, training], i) => {
  addCase(`random model ${i}`, model, { selection: selectionFrom(model, p), frozenForm, training }, i + 1);
});

for (const engine of engines)
  for (const [form, module] of [
    ["imports", "kernels.wasm"],
    ["interpreted", "kernels.twin.wasm"],
  ] as const) {
    if (engine.name === "aot" && form === "interpreted") continue; // nothing is interpreted there
    const parts = await engineParts(engine);
    const sources =
      form === "imports"
        ? parts.sources
        : [...parts.sources.filter((path) => !path.includes("/check_")), "tests/assembly/unchecked.c"];
    testC({
      name: `replay_${engine.name}_${form}_${engine.bits}`,
      ...parts,
      sources: ["tests/assembly/replay.c", ...sources],
      args: [form, builtGuest(module), ...paths],
    });
  }
