// The server step: w += η · Σ a_i Δ_i / N, coordinate by coordinate over the updates that cover it. Pure; the arithmetic over the rows is
// done by a Folder (fold.ts: SIMD in WebAssembly), in f32, in the buffer's order, so that the same buffer gives the same bits.

import type { Plan } from "../plan/types.ts";
import type { Step } from "./strategy.ts";

export interface BufferedUpdate {
  plan: Plan;
  rows: Uint8Array; // int8 rows, as validated
}

/** Adds weighted int8 rows into a sum over one plan's slice. */
export interface Folder {
  /** sum[i] += weight · scale(row of i) · q[i] for every element of the slice. */
  addRows(plan: Plan, rows: Uint8Array, weight: number, sum: Float32Array): void;
}

/** The new flat parameters; `parameters` is left alone. */
export function aggregate(
  parameters: Float32Array,
  buffer: readonly BufferedUpdate[],
  step: Step,
  folder: Folder,
): Float32Array {
  const sum = new Float32Array(parameters.length);
  const covering = step.divisor === "covering" ? new Float32Array(parameters.length) : undefined;
  buffer.forEach(({ plan, rows }, i) => {
    const slice = new Float32Array(plan.sliceCount);
    folder.addRows(plan, rows, step.weights[i]!, slice);
    for (const run of plan.runs)
      for (let j = 0; j < run.count; j++) {
        const c = run.modelOffset + j;
        sum[c] = sum[c]! + slice[run.sliceOffset + j]!;
        if (covering) covering[c] = covering[c]! + step.weights[i]!;
      }
  });
  return parameters.map((w, c) => {
    const divisor = covering ? covering[c]! : (step.divisor as number);
    return divisor > 0 ? w + (step.serverLearningRate * sum[c]!) / divisor : w;
  });
}

/** v of each update: squared distance to the buffer's mean relative to the mean's squared norm, over the coordinates that it covers. */
export function variances(buffer: readonly BufferedUpdate[], size: number, folder: Folder): number[] {
  const deltas = buffer.map(({ plan, rows }) => {
    const slice = new Float32Array(plan.sliceCount);
    folder.addRows(plan, rows, 1, slice);
    return slice;
  });
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
