// The server step of calibrated updates, w += η (h̄ + Σ a_i (Δ_i - h_i) / N), and what it remembers: h_i, the last update of each board that had
// weight in a model. h̄ is their mean over the fleet, where a board that never had one counts as 0. The cache is as large as one update per
// board, and needs no table of its own: the store has the updates. Sums go over the fleet in its order, never in that of arrivals, so that a
// run that is resumed has the same bits.
//
// Boards that train a part of the model: N and h̄'s divisor count, per coordinate, the updates and the boards that cover it.

import type { Plan } from "../plan/types.ts";
import { type BufferedUpdate, boardsCovering, type Folder, weightedSum } from "./aggregate.ts";
import type { Step } from "./strategy.ts";

/** Of a board's last update, what sums need. */
export type CachedUpdate = Pick<BufferedUpdate, "plan" | "rows" | "clip">;

export class UpdateCache {
  private readonly cached = new Map<string, CachedUpdate>();

  /** @param fleet the plan of each board, by its id */
  constructor(private readonly fleet: ReadonlyMap<string, Plan>) {}

  /** Whether the board is of the fleet. */
  serves(board: string): boolean {
    return this.fleet.has(board);
  }

  /** The newest update of a board that counted; that of a board that left the fleet is not kept. */
  keep(board: string, { plan, rows, clip }: CachedUpdate): void {
    if (this.serves(board)) this.cached.set(board, { plan, rows, clip });
  }

  /** h_i */
  of(board: string): CachedUpdate | undefined {
    return this.cached.get(board);
  }

  /** h̄ of each coordinate of a model of `size`. */
  mean(size: number, folder: Folder): Float32Array {
    const boards = boardsCovering(size, this.fleet.values());
    const inOrder = [...this.fleet.keys()].flatMap((board) => this.cached.get(board) ?? []);
    const ones = inOrder.map(() => 1);
    return weightedSum(size, inOrder, ones, folder).sum.map((h, c) => (boards[c]! > 0 ? h / boards[c]! : 0));
  }
}

/** The new flat parameters; what it was given is left alone. */
export function calibratedStep(
  parameters: Float32Array,
  buffer: readonly (CachedUpdate & { board: string })[],
  cache: UpdateCache,
  { weights, divisor, serverLearningRate }: Step,
  folder: Folder,
): Float32Array {
  const size = parameters.length;
  const { sum, covering } = weightedSum(size, buffer, weights, folder);
  const known = buffer.flatMap(({ board }, i) => {
    const last = cache.of(board);
    return last ? [{ last, weight: weights[i]! }] : [];
  });
  const last = weightedSum(
    size,
    known.map((k) => k.last),
    known.map((k) => k.weight),
    folder,
  );
  const mean = cache.mean(size, folder);
  return parameters.map((w, c) => {
    const n = divisor === "covering" ? covering[c]! : divisor;
    const news = n > 0 ? (sum[c]! - last.sum[c]!) / n : 0;
    return w + serverLearningRate * (mean[c]! + news);
  });
}
