// The coordinate-wise median of updates that cover a model unequally: what a few wrong updates cannot move far (Yin, Chen, Ramchandran,
// Bartlett, "Byzantine-robust distributed learning", ICML 2018, arXiv 1803.01498). Pure.

import type { Plan } from "../plan/types.ts";

/** What an update says of the coordinates of its plan's slice. */
export interface Change {
  plan: Pick<Plan, "runs">;
  values: Float32Array;
}

/** The middle of a list, or the mean of its two middle ones; 0 of an empty list. */
export function median(values: Iterable<number>): number {
  return middleOf(Float64Array.from(values));
}

function middleOf(values: Float64Array): number {
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle]! : ((values[middle - 1] ?? 0) + (values[middle] ?? 0)) / 2;
}

/** The slice element of each of the model's coordinates, -1 where the plan trains none. */
function placesOf({ runs }: Change["plan"], size: number): Int32Array {
  const places = new Int32Array(size).fill(-1);
  for (const { modelOffset, sliceOffset, count } of runs)
    for (let j = 0; j < count; j++) places[modelOffset + j] = sliceOffset + j;
  return places;
}

/**
 * Per coordinate of a model of `size`: the median over the changes that cover it, and how many do; the median is 0 where fewer than `least`.
 */
export function coordinateMedian(changes: readonly Change[], size: number, least = 1) {
  const places = new Map(changes.map(({ plan }) => [plan, placesOf(plan, size)]));
  const of = changes.map(({ plan, values }) => ({ values, at: places.get(plan)! }));
  const medians = new Float32Array(size);
  const covering = new Uint32Array(size);
  const found = new Float64Array(changes.length);
  for (let c = 0; c < size; c++) {
    let count = 0;
    for (const { values, at } of of) if (at[c]! >= 0) found[count++] = values[at[c]!]!;
    covering[c] = count;
    if (count >= least) medians[c] = middleOf(found.subarray(0, count));
  }
  return { medians, covering };
}
