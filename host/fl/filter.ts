// Which updates of a buffer a server step leaves out, because they differ too much from the others: a defence against boards that are broken
// or lie, beside validate.ts, which refuses what no honest board can send. Pure, and without a memory: a buffer is judged by itself.
//
// norm: longer than `factor` times the median length (ours; the simplest of the defences that need no second look at the data).
//
// staleness-groups: AsyncFilter's idea (Kang, Li, Middleware 2024): updates of different age differ honestly, so an update is compared with those
// of the same staleness, by its distance to the middle of its group. In the paper's published code groups have three updates at least, as
// here; its middle is a mean that goes on over steps, and the farthest of three k-means clusters of distances is left out, also when
// nobody lies. Ours: the middle is the coordinate-wise median of the buffer's group, and left out is who is farther from it than `factor` times
// the group's median distance.

import type { Plan } from "../plan/types.ts";
import { coordinateMedian, median } from "./median.ts";

export interface Filter {
  kind: "norm" | "staleness-groups";
  /** How many times the median an update may be away; above 1, 3 by default. */
  factor?: number;
}

/** An update as a filter sees it. */
export interface Candidate {
  plan: Plan;
  staleness: number;
  norm: number;
  values: Float32Array; // its change as it came, by slice element
}

const leastOfGroup = 3;
const times = (value: number, middle: number) => `${(value / middle).toFixed(1)} times the median`;

/** The indices whose value is above `factor` times the median, and why. Nothing is too far from a median of 0, nor when there are fewer than three. */
function outliers(values: readonly number[], factor: number, what: string): [index: number, reason: string][] {
  const middle = median(values);
  if (!(middle > 0) || values.length < leastOfGroup) return [];
  return values.flatMap((value, i) =>
    value > factor * middle ? [[i, `left out: ${what} is ${times(value, middle)}`] as [number, string]] : [],
  );
}

/** Root mean square distance of each to the group's coordinate-wise median, over the coordinates that three of the group cover. */
function distances(group: readonly Candidate[], size: number): number[] {
  const { medians, covering } = coordinateMedian(group, size, leastOfGroup);
  return group.map(({ plan, values }) => {
    let sum = 0;
    let count = 0;
    for (const { modelOffset, sliceOffset, count: length } of plan.runs)
      for (let j = 0; j < length; j++) {
        if (covering[modelOffset + j]! < leastOfGroup) continue;
        sum += (values[sliceOffset + j]! - medians[modelOffset + j]!) ** 2;
        count++;
      }
    return count > 0 ? Math.sqrt(sum / count) : 0;
  });
}

function groupOutliers(buffer: readonly Candidate[], factor: number, size: number): [number, string][] {
  const ages = new Set(buffer.map(({ staleness }) => staleness));
  return [...ages].flatMap((age) => {
    const members = buffer.flatMap(({ staleness }, i) => (staleness === age ? [i] : []));
    if (members.length < leastOfGroup) return [];
    const far = distances(
      members.map((i) => buffer[i]!),
      size,
    );
    const found = outliers(far, factor, `its distance to the ${members.length} updates of staleness ${age}`);
    return found.map(([k, reason]): [number, string] => [members[k]!, reason]);
  });
}

/**
 * Why each left-out update is left out, by its place in the buffer; at least one update stays.
 * @param size of the model's flat parameters
 */
export function leftOut({ kind, factor = 3 }: Filter, buffer: readonly Candidate[], size: number): Map<number, string> {
  if (kind === "staleness-groups") return new Map(groupOutliers(buffer, factor, size));
  const norms = buffer.map(({ norm }) => norm);
  return new Map(outliers(norms, factor, "its norm"));
}
