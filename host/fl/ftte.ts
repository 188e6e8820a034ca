// The FTTE strategy: semi-asynchronous, nobody waits for a straggler.
//
// The paper's (arXiv 2510.03165): a buffer of fixed size K whose filling makes a server step; late updates are used, and count less the older
// and the more variable they are. Ours (its exact functions are not public): the functions below, their defaults, and the divisor.
// docs/strategies.md measures what each is worth, also where a default gains nothing.

import { type AsynchronousOptions, asynchronous } from "./asynchronous.ts";
import { median } from "./median.ts";
import { type Late, stableRate } from "./stability.ts";
import { type Age, stalenessWeight } from "./staleness.ts";
import type { EarlierUpdate, Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FtteOptions extends AsynchronousOptions {
  /** K: buffered updates that make a server step. */
  buffer?: number;
  /** η_g, or the most of it. */
  serverLearningRate?: number;
  /** ages: η_g is no larger than the ages of the latest updates leave stable (stability.ts); none: it is as given. */
  stability?: "ages" | "none";
  /** s_age(τ) */
  age?: Age;
  /** s_share. updates: 1; boards: the less, the more of the latest updates are of the same board, so that all boards weigh as much in the end. */
  share?: "updates" | "boards";
  /** s_var(v): constant 1; inverse 1/(1+v); relative 1/(1 + v/median v). */
  variance?: "constant" | "inverse" | "relative";
  /** ρ of n^ρ, the weight of an update's sample count. */
  samplesPower?: number;
  /**
   * buffer: divide by K, so that a stale buffer takes a smaller step; expected: by as many of K updates as are to be expected to cover a coordinate, which
   * is by the share of the boards that train it, half of them at least; covering: by the weights that do cover it.
   */
  divisor?: "buffer" | "expected" | "covering";
}

/** s_var of each update. */
const variances: Record<NonNullable<FtteOptions["variance"]>, (buffer: readonly UpdateFacts[]) => number[]> = {
  constant: (buffer) => buffer.map(() => 1),
  inverse: (buffer) => buffer.map(({ variance }) => 1 / (1 + variance)),
  relative(buffer) {
    const middle = median(buffer.map(({ variance }) => variance));
    return buffer.map(({ variance }) => (middle > 0 ? 1 / (1 + variance / middle) : 1));
  },
};

/** As how many an update counts at most, so that a board which is seldom there does not move the model alone. */
const rarest = 4;

/**
 * How much each board's update counts: an even part of the latest updates over its own, 1 on average over these. Where all boards are always at work
 * a fast one sends more, and the model would be drawn to its data. The aim is that of Ma, Tu, Chen, Reddi, "FedStaleWeight", 2024 (arXiv
 * 2406.02877), who take a board's average age for how seldom it sends; counting is ours, since then no update counts for more because it is older.
 */
function shareOf(latest: readonly EarlierUpdate[]): (board: string) => number {
  const counts = new Map<string, number>();
  for (const { board } of latest) counts.set(board, (counts.get(board) ?? 0) + 1);
  const even = latest.length / counts.size;
  return (board) => Math.min(rarest, even / counts.get(board)!);
}

/**
 * A coordinate that a share p of the boards trains gets p K of K updates: divided by K it would take p of a step. Where fewer than half train it,
 * it takes twice as much at most, since the step is the noisier, the fewer updates make it.
 */
const leastCoverage = 1 / 2;

export function ftte(options: FtteOptions = {}): Strategy {
  const { buffer: k = 4, serverLearningRate = 1, samplesPower = 0, divisor = "buffer", stability = "ages" } = options;
  const { share = "updates" } = options;
  const age = stalenessWeight(options.age ?? "polynomial");
  const variance = variances[options.variance ?? "constant"];
  /** Weights by variance can only make a step smaller still; a covering divisor takes the size of the others out of it. */
  const rate = (updates: readonly Late[]) => {
    if (stability === "none") return serverLearningRate;
    const size = divisor === "covering" ? updates.reduce((sum, { weight }) => sum + weight, 0) / updates.length : 1;
    return size * stableRate(updates, serverLearningRate / size);
  };
  return {
    name: "ftte",
    ...asynchronous(options, k),
    ready: (buffer: readonly UpdateFacts[]) => buffer.length >= k,
    weigh(buffer: readonly UpdateFacts[], earlier: readonly EarlierUpdate[]): Step {
      const latest = [...earlier, ...buffer];
      const shares = share === "boards" ? shareOf(latest) : () => 1;
      const late = ({ board, staleness }: EarlierUpdate) => age(staleness) * shares(board);
      const spread = variance(buffer);
      const weights = buffer.map((u, i) => u.samples ** samplesPower * late(u) * spread[i]!);
      // Divided by the buffer's size and, when sample counts weigh, by their mean: only age and variance may shrink the step.
      const mean = buffer.reduce((sum, u) => sum + u.samples ** samplesPower, 0) / Math.max(1, buffer.length);
      return {
        weights,
        divisor: divisor === "covering" ? "covering" : buffer.length * mean,
        ...(divisor === "expected" && { leastCoverage }),
        serverLearningRate: rate(latest.map((u) => ({ age: u.staleness, weight: late(u) }))),
      };
    },
  };
}
