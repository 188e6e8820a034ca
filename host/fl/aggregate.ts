// The server step: w += η · Σ a_i Δ_i / N, coordinate by coordinate over the updates that cover it; or, towards the boards' models, with
// base_i + Δ_i - w in place of Δ_i. Pure; the arithmetic over the rows is done by a Folder (fold.ts: SIMD in WebAssembly), in f32, in the
// buffer's order, so that the same buffer gives the same bits.

import type { Plan } from "../plan/types.ts";
import { type Change, coordinateMedian } from "./median.ts";
import type { ServerOptions } from "./server_options.ts";
import type { Step } from "./strategy.ts";

export interface BufferedUpdate {
  plan: Plan;
  rows: Uint8Array; // as foldedRows gives them
  base: Float32Array; // the slice that its board started from, exactly as it held it
  clip: number; // what its change is scaled by, 1 when nothing is clipped
}

export interface WeightedRows {
  rows: Uint8Array;
  weight: number;
}

/** Sums weighted updates of one plan, in the encoding that all updates of a run have. */
export interface Folder {
  /**
   * out[i] = Σ weight · Δ[i] over the elements of the slice, in f32 and in the order given. int8: (weight · scale(row of i)) · q[i].
   * @throws RangeError when rows are not as long as the encoding makes the plan's
   */
  sum(plan: Plan, updates: readonly WeightedRows[]): Float32Array;
}

type Summand = Pick<BufferedUpdate, "plan" | "rows" | "clip">;

/** Calls `visit` with each coordinate that the plan trains: its place in the flat vector, and in the slice. */
export function eachCoordinate({ runs }: Plan, visit: (flat: number, slice: number) => void): void {
  for (const { modelOffset, sliceOffset, count } of runs)
    for (let j = 0; j < count; j++) visit(modelOffset + j, sliceOffset + j);
}

/** How many boards train each coordinate of a model of `size`. @param plans one for each board */
export function boardsCovering(size: number, plans: Iterable<Plan>): Float32Array {
  const counts = new Map<Plan, number>();
  for (const plan of plans) counts.set(plan, (counts.get(plan) ?? 0) + 1);
  const boards = new Float32Array(size);
  for (const [plan, count] of counts)
    eachCoordinate(plan, (c) => {
      boards[c]! += count;
    });
  return boards;
}

/** Places in the buffer of the updates of each plan, in the order of each plan's first update. */
function byPlan(buffer: readonly Pick<BufferedUpdate, "plan">[]): Map<Plan, number[]> {
  const groups = new Map<Plan, number[]>();
  buffer.forEach(({ plan }, i) => {
    const group = groups.get(plan);
    if (group) group.push(i);
    else groups.set(plan, [i]);
  });
  return groups;
}

/** Per coordinate: Σ a_i Δ_i, each Δ_i clipped, and Σ a_i over the updates that cover it. */
export function weightedSum(size: number, buffer: readonly Summand[], weights: readonly number[], folder: Folder) {
  const sum = new Float32Array(size);
  const covering = new Float32Array(size);
  for (const [plan, group] of byPlan(buffer)) {
    const updates = group.map((i) => ({ rows: buffer[i]!.rows, weight: weights[i]! * buffer[i]!.clip }));
    const slice = folder.sum(plan, updates);
    const weight = group.reduce((total, i) => total + weights[i]!, 0);
    eachCoordinate(plan, (c, j) => {
      sum[c]! += slice[j]!;
      covering[c]! += weight;
    });
  }
  return { sum, covering };
}

/** Adds Σ a_i (base_i - w), so that the sum of the changes becomes one of the ways to the boards' models. */
function addWaysToBases(
  sum: Float32Array,
  parameters: Float32Array,
  buffer: readonly BufferedUpdate[],
  weights: readonly number[],
): void {
  for (const i of [...byPlan(buffer).values()].flat()) {
    const { plan, base } = buffer[i]!;
    eachCoordinate(plan, (c, j) => {
      sum[c]! += weights[i]! * (base[j]! - parameters[c]!);
    });
  }
}

/** What each update asks of its coordinates: its clipped change, or the way to its board's model. */
function changesOf(parameters: Float32Array, buffer: readonly BufferedUpdate[], { toward }: Step, folder: Folder) {
  return buffer.map(({ plan, rows, base, clip }): Change => {
    const values = folder.sum(plan, [{ rows, weight: clip }]);
    if (toward === "models")
      eachCoordinate(plan, (c, j) => {
        values[j]! += base[j]! - parameters[c]!;
      });
    return { plan, values };
  });
}

/** Per coordinate: what the updates ask for together, and Σ a_i over those that cover it. */
function combined(
  parameters: Float32Array,
  buffer: readonly BufferedUpdate[],
  step: Step,
  folder: Folder,
  by: Combine,
) {
  const { sum, covering } = weightedSum(parameters.length, buffer, step.weights, folder);
  if (by === "median") {
    const { medians } = coordinateMedian(changesOf(parameters, buffer, step, folder), parameters.length);
    return { sum: medians.map((m, c) => m * covering[c]!), covering };
  }
  if (step.toward === "models") addWaysToBases(sum, parameters, buffer, step.weights);
  return { sum, covering };
}

type Combine = NonNullable<ServerOptions["combine"]>;

/**
 * The new flat parameters; `parameters` is left alone. With the median, it takes the place of Σ a_i Δ_i / Σ a_i.
 * @param coverage of each coordinate, for a step that asks for it
 */
export function aggregate(
  parameters: Float32Array,
  buffer: readonly BufferedUpdate[],
  step: Step,
  folder: Folder,
  by: Combine = "mean",
  coverage?: Float32Array,
): Float32Array {
  const { sum, covering } = combined(parameters, buffer, step, folder, by);
  const { leastCoverage = 1 } = step;
  const part = (c: number) => (coverage ? Math.max(coverage[c]!, leastCoverage) : 1);
  return parameters.map((w, c) => {
    const divisor = step.divisor === "covering" ? covering[c]! : step.divisor * part(c);
    return divisor > 0 ? w + (step.serverLearningRate * sum[c]!) / divisor : w;
  });
}

/** The L2 norm of an update's Δ as it came. */
export function normOf({ plan, rows }: Pick<BufferedUpdate, "plan" | "rows">, folder: Folder): number {
  const delta = folder.sum(plan, [{ rows, weight: 1 }]);
  let squares = 0;
  for (let i = 0; i < delta.length; i++) squares += delta[i]! * delta[i]!;
  return Math.sqrt(squares);
}

/** v of each update: squared distance to the buffer's mean relative to the mean's squared norm, over the coordinates that it covers. */
export function variances(buffer: readonly BufferedUpdate[], size: number, folder: Folder): number[] {
  const deltas = buffer.map(({ plan, rows, clip }) => folder.sum(plan, [{ rows, weight: clip }]));
  const mean = new Float64Array(size);
  const count = new Float64Array(size);
  buffer.forEach(({ plan }, i) => {
    eachCoordinate(plan, (c, j) => {
      mean[c]! += deltas[i]![j]!;
      count[c]!++;
    });
  });
  return buffer.map(({ plan }, i) => {
    let distance = 0;
    let norm = 0;
    eachCoordinate(plan, (c, j) => {
      const m = mean[c]! / count[c]!;
      distance += (deltas[i]![j]! - m) ** 2;
      norm += m * m;
    });
    return norm > 0 ? distance / norm : 0;
  });
}
