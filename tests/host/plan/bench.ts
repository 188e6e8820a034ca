// A planned model on the Node guest with random parameters and samples, and what the judge must be given to say the same.

import { seeded } from "../../../host/data/random.ts";
import { packFrozen } from "../../../host/plan/frozen.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { type PlanOptions, planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import { gatherSlice } from "../../../host/plan/slice.ts";
import type { Model, Normalisation, Plan } from "../../../host/plan/types.ts";
import { Guest } from "../../../host/sim/guest.ts";

export interface Bench {
  plan: Plan;
  guest: Guest;
  parameters: Float32Array;
  frozen: Uint8Array;
  slice: Float32Array;
  normalisation: Normalisation;
  /** Raw samples as the guest reads them, and normalised ones as the judge does. */
  samples: Float32Array[];
  inputs: Float64Array[];
  classes: number;
  stride: number; // bytes of one sample
}

/** Random parameters: initial weights, with biases and scales moved off 0 and 1. */
export function randomParameters(model: Model, random: () => number): Float32Array {
  const shape = shapeModel(model);
  const out = initialise(shape, random);
  for (const p of shape.parameters)
    if (p.role !== "weights") for (let i = 0; i < p.count; i++) out[p.offset + i]! += (random() - 0.5) * 0.8;
  return out;
}

export function bench(kernels: Uint8Array, model: Model, options: PlanOptions, seed: number): Bench {
  const random = seeded(seed);
  const shape = shapeModel(model);
  const parameters = randomParameters(model, random);
  const plan = planModel(model, options);
  const c = shape.input.c;
  const count = c * shape.input.h * shape.input.w;
  const normalisation = {
    scale: Array.from({ length: c }, () => Math.fround(0.5 + random())),
    offset: Array.from({ length: c }, () => Math.fround(random() - 0.5)),
  };
  const samples = Array.from({ length: 3 }, () => Float32Array.from({ length: count }, () => random() * 4 - 2));
  const inputs = samples.map((s) =>
    Float64Array.from(s, (v, i) => v * normalisation.scale[i % c]! + normalisation.offset[i % c]!),
  );
  const frozen = packFrozen(plan, parameters, normalisation);
  const slice = gatherSlice(plan, parameters);
  const all = new Float32Array(samples.length * count);
  samples.forEach((s, i) => {
    all.set(s, i * count);
  });
  const guest = new Guest(kernels, plan.binary, {
    frozen,
    slice,
    delta: new Uint8Array(plan.segments.reduce((sum, s) => sum + s.rows * (4 + ((s.rowElements + 3) & ~3)), 0)),
    residual: new Float32Array(plan.sliceCount),
    samples: new Uint8Array(all.buffer),
  });
  const classes = shape.layers.at(-1)!.output.c;
  return { plan, guest, parameters, frozen, slice, normalisation, samples, inputs, classes, stride: count * 4 };
}

/**
 * The parameters that the guest computes with: read back from the bytes of the frozen image, plus the slice. An element that neither
 * holds is NaN, one that both hold is their sum.
 */
export function effectiveParameters(b: Pick<Bench, "plan" | "frozen">, slice: ArrayLike<number>): Float64Array {
  const out = new Float64Array(b.plan.parameterCount).fill(Number.NaN);
  const put = (at: number, value: number) => {
    out[at] = (Number.isNaN(out[at]) ? 0 : out[at]!) + value;
  };
  const view = new DataView(b.frozen.buffer, b.frozen.byteOffset, b.frozen.byteLength);
  for (const entry of b.plan.frozen) {
    const p = entry.parameter;
    if (!p || entry.content === "scales") continue;
    const scales = b.plan.frozen.find((e) => e.parameter === p && e.content === "scales");
    const channels = p.shape.length === 3 ? p.shape[2]! : p.shape[0]!;
    for (let i = 0; i < p.count; i++) {
      const channel = p.shape.length === 3 ? i % channels : Math.floor((i * channels) / p.count);
      if (entry.content === "f32") put(p.offset + i, view.getFloat32(entry.offset + i * 4, true));
      else put(p.offset + i, view.getInt8(entry.offset + i) * view.getFloat32(scales!.offset + channel * 4, true));
    }
  }
  for (const run of b.plan.runs)
    for (let i = 0; i < run.count; i++) put(run.modelOffset + i, slice[run.sliceOffset + i]!);
  return out;
}

/** Where each element of the slice lies in the flat vector. */
export function places(plan: Plan): number[] {
  const out: number[] = [];
  for (const run of plan.runs) for (let i = 0; i < run.count; i++) out[run.sliceOffset + i] = run.modelOffset + i;
  return out;
}
