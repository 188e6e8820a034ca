// FedBuff (Nguyen et al., AISTATS 2022, arXiv 2106.06639): a server step for every K updates, each of which is a change against the model
// that its board started from:
//
//     w := w + η_g · (1/K) Σ Δ_i / √(1+τ_i)
//
// The paper's are the formula, K = 10 and the weights by age; it does not give up late updates, which `maxStaleness` does. Boards that train a
// part of the model are ours: a coordinate's sum is over the updates that cover it, and its divisor is K all the same.

import { type AsynchronousOptions, asynchronous } from "./asynchronous.ts";
import { stalenessWeight } from "./staleness.ts";
import type { Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FedbuffOptions extends AsynchronousOptions {
  /** K: buffered updates that make a server step. */
  buffer?: number;
  /** η_g */
  serverLearningRate?: number;
}

export function fedbuff(options: FedbuffOptions = {}): Strategy {
  const { buffer: k = 10, serverLearningRate = 1 } = options;
  const weight = stalenessWeight("polynomial");
  return {
    name: "fedbuff",
    ...asynchronous(options, k),
    ready: (buffer: readonly UpdateFacts[]) => buffer.length >= k,
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      weights: buffer.map((u) => weight(u.staleness)),
      divisor: buffer.length,
      serverLearningRate,
    }),
  };
}
