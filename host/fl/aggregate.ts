// The server step: w += η · Σ a_i Δ_i / N, coordinate by coordinate over the updates that cover it. Pure; the arithmetic over the rows is
// done by a Folder (fold.ts: SIMD in WebAssembly), in f32, in the buffer's order, so that the same buffer gives the same bits.

import type { Plan } from "../plan/types.ts";
import type { Step } from "./strategy.ts";

export interface BufferedUpdate {
  plan: Plan;
  rows: Uint8Array; // as validated
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

/** The new flat parameters; `parameters` is left alone. */
export function aggregate(
  parameters: Float32Array,
  buffer: readonly BufferedUpdate[],
  step: Step,
  folder: Folder,
): Float32Array {
  const sum = new Float32Array(parameters.length);
  const covering = new Float32Array(parameters.length);
  const byPlan = new Map<Plan, WeightedRows[]>(); // in the order of each plan's first update
  buffer.forEach(({ plan, rows }, i) => {
    const updates = byPlan.get(plan) ?? [];
    byPlan.set(plan, updates);
    updates.push({ rows, weight: step.weights[i]! });
  });
  for (const [plan, updates] of byPlan) {
    const slice = folder.sum(plan, updates);
    const weight = updates.reduce((total, update) => total + update.weight, 0);
    for (const run of plan.runs)
      for (let j = 0; j < run.count; j++) {
        const c = run.modelOffset + j;
        sum[c]! += slice[run.sliceOffset + j]!;
        covering[c]! += weight;
      }
  }
  return parameters.map((w, c) => {
    const divisor = step.divisor === "covering" ? covering[c]! : step.divisor;
    return divisor > 0 ? w + (step.serverLearningRate * sum[c]!) / divisor : w;
  });
}

/** v of each update: squared distance to the buffer's mean relative to the mean's squared norm, over the coordinates that it covers. */
export function variances(buffer: readonly BufferedUpdate[], size: number, folder: Folder): number[] {
  const deltas = buffer.map(({ plan, rows }) => folder.sum(plan, [{ rows, weight: 1 }]));
  const mean = new Float64Array(size);
  const count = new Float64Array(size);
  buffer.forEach(({ plan }, i) => {
    for (const run of plan.runs)
      for (let j = 0; j < run.count; j++) {
        mean[run.modelOffset + j]! += deltas[i]![run.sliceOffset + j]!;
        count[run.modelOffset + j]!++;
      }
  });
  return buffer.map(({ plan }, i) => {
    let distance = 0;
    let norm = 0;
    for (const run of plan.runs)
      for (let j = 0; j < run.count; j++) {
        const m = mean[run.modelOffset + j]! / count[run.modelOffset + j]!;
        distance += (deltas[i]![run.sliceOffset + j]! - m) ** 2;
        norm += m * m;
      }
    return norm > 0 ? distance / norm : 0;
  });
}
