// The FTTE strategy: semi-asynchronous, nobody waits for a straggler.
//
// The paper's (arXiv 2510.03165): a buffer of fixed size K whose filling makes a server step; late updates are used, and count less the older
// and the more variable they are. Ours (its exact functions are not public): the functions below, their defaults, and the divisor.
// docs/strategies.md measures what each is worth, also where a default gains nothing.

import type { FleetFacts, Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FtteOptions {
  /** K: buffered updates that make a server step. */
  buffer?: number;
  /** Boards at work at once; by default all. */
  concurrency?: number;
  /** Versions after which an order is given up; by default never. */
  maxStaleness?: number;
  /** η_g */
  serverLearningRate?: number;
  /** s_age(τ): constant 1; polynomial 1/√(1+τ), as FedBuff; hinge 1 up to τ = 4, then 1/(1 + (τ-4)/2), after FedAsync. */
  age?: "constant" | "polynomial" | "hinge";
  /** s_var(v): constant 1; inverse 1/(1+v); relative 1/(1 + v/median v). */
  variance?: "constant" | "inverse" | "relative";
  /** ρ of n^ρ, the weight of an update's sample count. */
  samplesPower?: number;
  /** buffer: divide by K, so that a stale buffer takes a smaller step; covering: by the weights that cover a coordinate. */
  divisor?: "buffer" | "covering";
}

const ages = {
  constant: () => 1,
  polynomial: (staleness: number) => 1 / Math.sqrt(1 + staleness),
  hinge: (staleness: number) => (staleness <= 4 ? 1 : 1 / (1 + (staleness - 4) / 2)),
};

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const variances = {
  constant: () => 1,
  inverse: (v: number) => 1 / (1 + v),
  relative: (v: number, middle: number) => (middle > 0 ? 1 / (1 + v / middle) : 1),
};

export function ftte(options: FtteOptions = {}): Strategy {
  const { buffer: k = 4, serverLearningRate = 1, samplesPower = 0, divisor = "buffer" } = options;
  const { concurrency = Number.POSITIVE_INFINITY, maxStaleness = Number.POSITIVE_INFINITY } = options;
  const age = ages[options.age ?? "polynomial"];
  const variance = variances[options.variance ?? "constant"];
  return {
    name: "ftte",
    inRounds: false,
    maxStaleness,
    wanted: ({ busy }: FleetFacts) => Math.max(0, concurrency - busy),
    ready: (buffer: readonly UpdateFacts[]) => buffer.length >= k,
    weigh(buffer: readonly UpdateFacts[]): Step {
      const middle = median(buffer.map((u) => u.variance));
      const weights = buffer.map((u) => u.samples ** samplesPower * age(u.staleness) * variance(u.variance, middle));
      // Divided by the buffer's size and, when sample counts weigh, by their mean: only age and variance may shrink the step.
      const mean = buffer.reduce((sum, u) => sum + u.samples ** samplesPower, 0) / Math.max(1, buffer.length);
      return { weights, divisor: divisor === "buffer" ? buffer.length * mean : "covering", serverLearningRate };
    },
  };
}
