// Training in one place, with the boards' kernels, batch 1, seeded: the first model, all layers of it from random weights; and what a plan
// trains of a model that is there. Sends nothing and encodes nothing: board_task.ts does it as a board does.

import { packElements, sampleBytes } from "../data/dataset.ts";
import { type Random, seeded, shuffle } from "../data/random.ts";
import type { Dataset } from "../data/types.ts";
import { packFrozen } from "../plan/frozen.ts";
import { initialise } from "../plan/initialise.ts";
import { planModel } from "../plan/plan.ts";
import { shapeModel } from "../plan/shapes.ts";
import { gatherSlice, scatterSlice } from "../plan/slice.ts";
import type { Model, Normalisation, Plan } from "../plan/types.ts";
import { Guest } from "./guest.ts";

export interface Pretraining {
  epochs: number;
  learningRate: number;
  seed: number;
}

/** Flat parameters after `epochs` passes over the data, batch 1, the rate falling linearly to a tenth. With no data: random ones. */
export function pretrain(
  kernels: Uint8Array,
  model: Model,
  data: Dataset,
  normalisation: Normalisation,
  o: Pretraining,
): Float32Array {
  const random = seeded(o.seed);
  const parameters = initialise(shapeModel(model), random);
  if (data.count * o.epochs === 0) return parameters;
  const plan = planModel(model, { selection: "all", training: {} });
  return descend(kernels, plan, parameters, data, normalisation, o, random);
}

/** Flat parameters after what `plan` trains of them went `epochs` times over the data, as in pretrain; the others stay. Of no data: a copy. */
export function fineTune(
  kernels: Uint8Array,
  plan: Plan,
  parameters: Float32Array,
  data: Dataset,
  normalisation: Normalisation,
  o: Pretraining,
): Float32Array {
  if (data.count * o.epochs === 0) return parameters.slice();
  return descend(kernels, plan, parameters, data, normalisation, o, seeded(o.seed));
}

function descend(
  kernels: Uint8Array,
  plan: Plan,
  parameters: Float32Array,
  data: Dataset,
  normalisation: Normalisation,
  { epochs, learningRate }: Pretraining,
  random: Random,
): Float32Array {
  const guest = new Guest(kernels, plan.binary, {
    frozen: packFrozen(plan, parameters, normalisation),
    slice: gatherSlice(plan, parameters),
    samples: packElements(data),
  });
  guest.start();
  const stride = sampleBytes(data);
  const steps = data.count * epochs;
  const order = Uint32Array.from({ length: data.count }, (_, i) => i);
  for (let step = 0; step < steps; step++) {
    if (step % data.count === 0) shuffle(order, random);
    const index = order[step % data.count]!;
    guest.step(index * stride, data.labels[index]!, learningRate * (1 - (0.9 * step) / steps));
  }
  const out = parameters.slice();
  scatterSlice(plan, guest.state(), out);
  return out;
}
