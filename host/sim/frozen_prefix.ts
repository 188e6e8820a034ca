// A plan in two parts: the layers before the first trained one, whose output for a sample stays the same until the frozen weights are
// refreshed, and the rest, which starts from that output. Training the rest on remembered outputs gives the whole plan's update, bit for
// bit (tests/host/sim/trainer.test.ts): the layers, their order and their arithmetic are the same. Simulations use it; boards do not.

import { planModel } from "../plan/plan.ts";
import { sourceShape } from "../plan/selection.ts";
import { type ModelShape, type Shape, shapeModel, size } from "../plan/shapes.ts";
import type { Model, Plan, TrainingOptions } from "../plan/types.ts";

export interface SplitPlan {
  /** The frozen layers, behind them a layer whose training keeps their output in the arena. */
  prefix: Plan;
  /** Where the output lies in the prefix's arena, in bytes, after an inference. */
  outputAt: number;
  outputElements: number;
  /** The other layers; trains the same slice as the whole plan. */
  rest: Plan;
  /** The whole plan's frozen image as that of each part. */
  prefixImage(frozen: Uint8Array): Uint8Array;
  restImage(frozen: Uint8Array): Uint8Array;
}

/**
 * Undefined when nothing lies before the first trained layer, or when what follows needs more of it than its output: a later layer adds
 * an output from there, or an autoencoder's loss compares with the sample.
 * @param training the plan's options
 */
export function splitPlan(plan: Plan, training: TrainingOptions = {}): SplitPlan | undefined {
  const shape = shapeModel(plan.model);
  const first = firstOfRest(plan, shape);
  if (first === 0 || plan.model.kind === "autoencoder" || reachesBack(plan.model, first)) return undefined;
  const input = sourceShape(shape, shape.layers[first]!);
  const rest = planModel(restModel(plan.model, first, input), {
    training,
    selection: plan.selection.map((entry) => ({ ...entry, layer: entry.layer - first })),
  });
  const layers = plan.model.layers.slice(0, first);
  const prefix = planModel(
    { ...plan.model, kind: "classifier", layers: [...layers, { kind: "dense", units: 1 }] },
    { selection: [{ layer: first, bias: true, weights: "all" }] },
  );
  const output = prefix.tensors.find(({ name }) => name === shape.layers[first - 1]!.name)!;
  return {
    ...{ prefix, outputAt: output.offset, outputElements: size(input), rest },
    prefixImage: (frozen) => image(plan, frozen, prefix, 0, true),
    restImage: (frozen) => image(plan, frozen, rest, first, false),
  };
}

/** The first trained layer, or the flattening before it. */
function firstOfRest(plan: Plan, shape: ModelShape): number {
  let first = Math.min(...plan.selection.map(({ layer }) => layer), shape.layers.length);
  if (first === shape.layers.length) return 0;
  while (first > 0 && shape.layers[first - 1]!.kind === "flatten") first--;
  return first;
}

function reachesBack(model: Model, first: number): boolean {
  const own = new Set(model.layers.slice(first).map(({ name }) => name));
  return model.layers.slice(first).some((layer) => layer.kind === "residual" && !own.has(layer.from));
}

function restModel(model: Model, first: number, { h, w, c }: Shape): Model {
  const flat = model.input.shape.length === 1 || (h === 1 && w === 1);
  const shape = flat ? [c] : model.input.shape.length === 2 ? [w, c] : [h, w, c];
  return { ...model, input: { shape, type: "f32" }, layers: model.layers.slice(first) };
}

/** The entries of a part's image, found in the whole one by what they hold; the rest's samples are taken as they are. */
function image(plan: Plan, frozen: Uint8Array, part: Plan, firstLayer: number, normalised: boolean): Uint8Array {
  const out = new Uint8Array(part.frozenBytes);
  for (const entry of part.frozen) {
    const { parameter, content, offset, bytes } = entry;
    const same = plan.frozen.find(
      (e) =>
        e.content === content &&
        e.parameter?.role === parameter?.role &&
        e.parameter?.layer === (parameter && parameter.layer + firstLayer),
    );
    if (parameter || normalised) out.set(frozen.subarray(same!.offset, same!.offset + bytes), offset);
    else if (content === "normalisation-scale") new Float32Array(out.buffer, offset, bytes / 4).fill(1); // and offsets of 0
  }
  return out;
}
