// Planned models in the guest against the f64 interpreter of the model: outputs, losses, and the gradient of every trained coordinate
// against central differences. Random models and selections cover every kind of layer; the seed is fixed, FTTE_SWEEP=1 draws anew.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlanOptions } from "../../../host/plan/plan.ts";
import type { Layer, Model, TrainingOptions } from "../../../host/plan/types.ts";
import { type Bench, bench, effectiveParameters, places } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { picks, randomModel, selectionFrom, sweep, trainingOptions } from "./random_models.ts";
import { forward, loss, numericGradient, softmax } from "./reference.ts";

const wasm = await kernels();
const form = fc.constantFrom<"int8" | "f32">("int8", "f32");
const seeds = fc.integer({ min: 1, max: 1e6 });

/** |a - b| relative to b where b is large. */
function expectClose(a: number, b: number, tolerance: number, what: string): void {
  if (!(Math.abs(a - b) <= tolerance * (1 + Math.abs(b)))) expect.fail(`${what}: ${a} instead of ${b}`);
}

function checkForward(b: Bench, model: Model): void {
  const parameters = effectiveParameters(b, b.slice);
  b.guest.start();
  b.inputs.forEach((x, i) => {
    const y = forward(model, parameters, x).data;
    const wanted = model.kind === "classifier" ? softmax(y) : Array.from(y);
    if (model.kind === "classifier") b.guest.infer(i * b.stride);
    else expectClose(b.guest.score(i * b.stride), loss(model, parameters, x, 0), 2e-5, "score");
    b.guest.output().forEach((v, k) => {
      expectClose(v, wanted[k]!, 2e-5, `output ${k}`);
    });
  });
}

/** One fused step at rate 1 takes the gradient off the weights: what is missing afterwards is the gradient. */
function checkGradient(b: Bench, model: Model): { checked: number; kinks: number } {
  const parameters = effectiveParameters(b, b.slice);
  const label = b.classes - 1;
  if (b.plan.sliceCount === 0) return { checked: 0, kinks: 0 }; // nothing to train: no train list
  b.guest.start();
  const got = b.guest.step(b.stride, label, 1);
  expectClose(got, loss(model, parameters, b.inputs[1]!, label), 2e-5, "loss");
  const wanted = numericGradient(model, parameters, places(b.plan), b.inputs[1]!, label);
  const after = b.guest.state();
  const largest = Math.max(1, ...wanted.filter((g) => !Number.isNaN(g)).map(Math.abs));
  wanted.forEach((g, i) => {
    if (!Number.isNaN(g)) expectClose((b.slice[i]! - after[i]!) / largest, g / largest, 1e-4, `gradient ${i}`);
  });
  const kinks = wanted.filter((g) => Number.isNaN(g)).length;
  return { checked: wanted.length - kinks, kinks };
}

describe("a planned model in the guest", () => {
  it("computes what the f64 interpreter computes, for random models and selections", () => {
    fc.assert(
      fc.property(randomModel, picks, form, seeds, (model, p, frozenForm, seed) => {
        checkForward(bench(wasm, model, { selection: selectionFrom(model, p), frozenForm }, seed), model);
      }),
      sweep(150),
    );
  });

  it("descends by the gradient of every trained coordinate, for random models and selections", () => {
    let checked = 0;
    let kinks = 0;
    const kinds = new Set<Layer["kind"]>();
    fc.assert(
      fc.property(randomModel, picks, form, seeds, (model, p, frozenForm, seed) => {
        const b = bench(wasm, model, { selection: selectionFrom(model, p), frozenForm }, seed);
        const counts = checkGradient(b, model);
        checked += counts.checked;
        kinks += counts.kinks;
        for (const layer of model.layers) kinds.add(layer.kind);
      }),
      sweep(200),
    );
    expect(checked).toBeGreaterThan(3000);
    expect(kinks / checked).toBeLessThan(0.01);
    expect([...kinds].sort()).toEqual(allKinds);
  });

  it("trains single channels of a convolution behind a flatten, whose channels are all elements", () => {
    const model: Model = {
      name: "flat",
      kind: "classifier",
      input: { shape: [2, 3], type: "f32" },
      layers: [
        { kind: "flatten" },
        { kind: "conv1d", filters: 2, kernel: 1, activation: "tanh" },
        { kind: "dense", units: 2 },
      ],
    };
    for (const weights of [[0], [1, 4], [2, 3, 5]]) {
      const b = bench(wasm, model, { selection: [{ layer: 1, bias: true, weights }], frozenForm: "int8" }, 3);
      expect(b.plan.sliceCount).toBe(2 * weights.length + 2);
      checkForward(b, model);
      expect(checkGradient(b, model).checked).toBe(b.plan.sliceCount);
    }
  });

  it("trains with momentum, weight decay, clipping and micro-batches as the formulas say", () => {
    fc.assert(
      fc.property(randomModel, picks, trainingOptions, seeds, (model, p, training, seed) => {
        const options: PlanOptions = { selection: selectionFrom(model, p), frozenForm: "f32", training };
        checkOptimiser(bench(wasm, model, options, seed), model, training);
      }),
      sweep(60),
    );
  });
});

const allKinds: Layer["kind"][] = [
  "activation",
  "averagePool1d",
  "averagePool2d",
  "conv1d",
  "conv2d",
  "dense",
  "depthwise1d",
  "depthwise2d",
  "flatten",
  "globalAveragePool",
  "maxPool1d",
  "maxPool2d",
  "residual",
  "scaleBias",
];

/** Two updates in f64: mean gradient of the micro-batch, clipped per tensor, decay, momentum, descent. */
function checkOptimiser(b: Bench, model: Model, training: TrainingOptions): void {
  const { momentum = 0, weightDecay = 0, clipNorm = 0, microBatch = 1 } = training;
  const rate = 0.05;
  const at = places(b.plan);
  const slice = Float64Array.from(b.slice);
  const velocity = new Float64Array(slice.length);
  b.guest.start();
  for (let update = 0; update < 2; update++) {
    const mean = new Float64Array(slice.length);
    for (let k = 0; k < microBatch; k++) {
      const sample = (update + k) % b.inputs.length;
      const parameters = effectiveParameters(b, slice);
      const g = numericGradient(model, parameters, at, b.inputs[sample]!, k % b.classes);
      if (g.some(Number.isNaN)) return; // no derivative, nothing to compare
      g.forEach((v, i) => {
        mean[i]! += v / microBatch;
      });
      b.guest.step(sample * b.stride, k % b.classes, rate);
    }
    for (const s of b.plan.segments) {
      const range = Array.from({ length: s.rows * s.rowElements }, (_, i) => s.sliceOffset + i);
      const norm = Math.sqrt(range.reduce((sum, i) => sum + mean[i]! ** 2, 0));
      const clip = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;
      for (const i of range) {
        velocity[i] = momentum * velocity[i]! + mean[i]! * clip + weightDecay * slice[i]!;
        slice[i]! -= rate * velocity[i]!;
      }
    }
    b.guest.state().forEach((v, i) => {
      expectClose(v, slice[i]!, 1e-4, `weight ${i} after update ${update}`);
    });
  }
}
