// The first model: all layers trained centrally on the host's own share of data, with the boards' kernels. Seeded.

import { packElements, sampleBytes } from "../data/dataset.ts";
import { seeded, shuffle } from "../data/random.ts";
import type { Dataset } from "../data/types.ts";
import { packFrozen } from "../plan/frozen.ts";
import { initialise } from "../plan/initialise.ts";
import { planModel } from "../plan/plan.ts";
import { shapeModel } from "../plan/shapes.ts";
import { gatherSlice, scatterSlice } from "../plan/slice.ts";
import type { Model, Normalisation } from "../plan/types.ts";
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
  const steps = data.count * o.epochs;
  if (steps === 0) return parameters;
  const plan = planModel(model, { selection: "all", training: {} });
  const guest = new Guest(kernels, plan.binary, {
    frozen: packFrozen(plan, parameters, normalisation),
    slice: gatherSlice(plan, parameters),
    samples: packElements(data),
  });
  guest.start();
  const stride = sampleBytes(data);
  const order = Uint32Array.from({ length: data.count }, (_, i) => i);
  for (let step = 0; step < steps; step++) {
    if (step % data.count === 0) shuffle(order, random);
    const index = order[step % data.count]!;
    guest.step(index * stride, data.labels[index]!, o.learningRate * (1 - (0.9 * step) / steps));
  }
  scatterSlice(plan, guest.state(), parameters);
  return parameters;
}
