// The same plans, weights and samples in Node, with SIMD, under wasm3 with layers and BLAS translated to C and ahead of time (what boards run), and
// under wasm3 with the layers interpreted, with the BLAS too: outputs, losses, trained values and encoded rows are equal bit for bit, with 32-bit and with 64-bit
// pointers, and the arena is used to the byte that was planned.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { builtGuest } from "../../host/build/root.ts";
import { asc } from "../../host/build/tool.ts";
import type { PlanOptions } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import type { LayerSelection, Model, Selection } from "../../host/plan/types.ts";
import { root, testC } from "../core/c_program.ts";
import { engineParts, engines } from "../core/engine.ts";
import { bench } from "../host/plan/bench.ts";
import { kernels } from "../host/plan/kernels.ts";
import { picks, randomModel, selectionFrom, trainingOptions } from "../host/plan/random_models.ts";
import { record } from "./record.ts";

const wasm = await kernels();
const folder = `${root}build/tests/replay`;
mkdirSync(folder, { recursive: true });
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
// What interprets its leaves too has larger frames than any board's kernels, and their loops are long lines of operations, each of which
// stays on the stack.
const interpreting = ["-UFTTE_WASM3_STACK_BYTES", "-DFTTE_WASM3_STACK_BYTES=4096", "-DFTTE_NO_TAIL_CALLS"];
const one = (layer: number, weights: LayerSelection["weights"]): LayerSelection => ({ layer, bias: true, weights });
const striped: [keyof typeof referenceModels, Selection][] = [
  ["image-cnn", [one(1, [1]), one(2, [0, 5])]],
  ["motion-cnn", [one(1, [0, 1, 7]), one(3, "all")]],
  ["motion-cnn", [one(0, [2, 3]), one(1, "none"), one(3, "all")]],
];
striped.forEach(([name, selection], i) => {
  const f32 = { ...referenceModels[name], input: { ...referenceModels[name].input, type: "f32" as const } } as Model;
  addCase(`${name} in stripes ${i}`, f32, { selection, stripes: "smallest" }, 9);
});
const drawn = fc.sample(
  fc.tuple(randomModel, picks, fc.constantFrom("int8" as const, "f32" as const), trainingOptions),
  { numRuns: 60, seed: 20_26 },
);
drawn.forEach(([model, p, frozenForm, training], i) => {
  addCase(`random model ${i}`, model, { selection: selectionFrom(model, p), frozenForm, training }, i + 1);
});

// What Node runs, but with the scalar loops of boards: wasm3 has no SIMD.
const interpreted = join(folder, "kernels.interpreted.wasm");
const scalarTwin = ["--target", "twin", "--lib", "firmware/assembly/blas", "--disable", "simd"];
await asc("firmware/assembly/index.ts", ...scalarTwin, "--outFile", interpreted);

for (const engine of engines)
  for (const [form, module] of [
    ["imports", builtGuest("kernels.wasm")],
    ["layers", builtGuest("kernels.layers.wasm")],
    ["interpreted", interpreted],
  ] as const) {
    if (engine.name === "aot" && form !== "imports") continue; // nothing is interpreted there
    const parts = await engineParts(engine);
    const sources =
      form !== "interpreted"
        ? parts.sources
        : [...parts.sources.filter((path) => !path.includes("/check_")), "tests/assembly/unchecked.c"];
    testC({
      name: `replay_${engine.name}_${form}_${engine.bits}`,
      ...parts,
      sources: ["tests/assembly/replay.c", "tests/assembly/record.c", ...sources],
      flags: [...parts.flags, "-Itests/core", ...(form === "interpreted" ? interpreting : [])],
      args: [form, module, ...paths],
    });
  }
