// The FTTE strategy: semi-asynchronous, nobody waits for a straggler.
//
// The paper's (arXiv 2510.03165): a buffer of fixed size K whose filling makes a server step; late updates are used, and count less the older
// and the more variable they are. Ours (its exact functions are not public): the functions below, their defaults, and the divisor.
// docs/strategies.md measures what each is worth, also where a default gains nothing.

import { type AsynchronousOptions, asynchronous } from "./asynchronous.ts";
import { median } from "./median.ts";
import { stableRate } from "./stability.ts";
import { type Age, stalenessWeight } from "./staleness.ts";
import type { Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FtteOptions extends AsynchronousOptions {
  /** K: buffered updates that make a server step. */
  buffer?: number;
  /** η_g, or the most of it. */
  serverLearningRate?: number;
  /** ages: η_g is no larger than the ages of the latest updates leave stable (stability.ts); none: it is as given. */
  stability?: "ages" | "none";
  /** s_age(τ) */
  age?: Age;
  /** s_var(v): constant 1; inverse 1/(1+v); relative 1/(1 + v/median v). */
  variance?: "constant" | "inverse" | "relative";
  /** ρ of n^ρ, the weight of an update's sample count. */
  samplesPower?: number;
  /** buffer: divide by K, so that a stale buffer takes a smaller step; covering: by the weights that cover a coordinate. */
  divisor?: "buffer" | "covering";
}

const variances = {
  constant: () => 1,
  inverse: (v: number) => 1 / (1 + v),
  relative: (v: number, middle: number) => (middle > 0 ? 1 / (1 + v / middle) : 1),
};

export function ftte(options: FtteOptions = {}): Strategy {
  const { buffer: k = 4, serverLearningRate = 1, samplesPower = 0, divisor = "buffer", stability = "ages" } = options;
  const age = stalenessWeight(options.age ?? "polynomial");
  const variance = variances[options.variance ?? "constant"];
  /** Weights by variance can only make a step smaller still; a covering divisor takes the size of those by age out of it. */
  const rate = (ages: readonly number[]) => {
    if (stability === "none") return serverLearningRate;
    const size = divisor === "covering" ? ages.reduce((sum, staleness) => sum + age(staleness), 0) / ages.length : 1;
    return size * stableRate(ages, age, serverLearningRate / size);
  };
  return {
    name: "ftte",
    ...asynchronous(options, k),
    ready: (buffer: readonly UpdateFacts[]) => buffer.length >= k,
    weigh(buffer: readonly UpdateFacts[], earlier: readonly number[]): Step {
      const middle = median(buffer.map((u) => u.variance));
      const weights = buffer.map((u) => u.samples ** samplesPower * age(u.staleness) * variance(u.variance, middle));
      // Divided by the buffer's size and, when sample counts weigh, by their mean: only age and variance may shrink the step.
      const mean = buffer.reduce((sum, u) => sum + u.samples ** samplesPower, 0) / Math.max(1, buffer.length);
      return {
        weights,
        divisor: divisor === "buffer" ? buffer.length * mean : "covering",
        serverLearningRate: rate([...earlier, ...buffer.map((u) => u.staleness)]),
      };
    },
  };
}
