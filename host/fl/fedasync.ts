// FedAsync (Xie, Koyejo, Gupta, 2019, arXiv 1903.03934): every arrival makes a server step towards the model that the board came to:
//
//     w := (1 - α_t) w + α_t w_i                         α_t = α · s(τ_i)
//
// A board sends Δ_i = w_i - base_i, so w_i = base_i + Δ_i, where base_i is what the board really started from: the slice of its order, which is
// not quite the model version behind it (deltas to the board are rounded to int8, and what rounding left is made up for later).
//
// The paper's are the formula, α = 0.6 and the three functions s. Its boards also keep near to their base (a proximal term ρ), which ours do
// not. Boards that train a part of the model are ours: the rest of it stays as it is.

import { type AsynchronousOptions, asynchronous } from "./asynchronous.ts";
import { type Age, stalenessWeight } from "./staleness.ts";
import type { Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FedasyncOptions extends AsynchronousOptions {
  /** α, above 0 and at most 1. */
  mixing?: number;
  /** s(τ) */
  age?: Age;
}

export function fedasync(options: FedasyncOptions = {}): Strategy {
  const { mixing = 0.6, age = "polynomial" } = options;
  const weight = stalenessWeight(age);
  return {
    name: "fedasync",
    ...asynchronous(options, 1),
    ready: (buffer: readonly UpdateFacts[]) => buffer.length > 0,
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      toward: "models",
      weights: buffer.map((u) => mixing * weight(u.staleness)),
      divisor: buffer.length,
      serverLearningRate: 1,
    }),
  };
}
