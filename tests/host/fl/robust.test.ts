// Filters and the median against cases worked out by hand: what one wrong update among honest ones does, and what honest differences (age,
// the part that a board trains, length) must not lead to.

import { describe, expect, it } from "vitest";
import { type Candidate, type Filter, leftOut } from "../../../host/fl/filter.ts";
import { coordinateMedian, median } from "../../../host/fl/median.ts";
import type { Plan } from "../../../host/plan/types.ts";

/** Trains so many coordinates from `first` on; its slice has them in two runs, the second half first. */
function planOf(first: number, count: number): Plan {
  const half = count >> 1;
  const runs = [
    { modelOffset: first + half, sliceOffset: 0, count: count - half },
    { modelOffset: first, sliceOffset: count - half, count: half },
  ];
  return { runs, sliceCount: count } as unknown as Plan;
}

/** An update by flat coordinates. */
function change(plan: Plan, flat: readonly number[]): { plan: Plan; values: Float32Array } {
  const values = new Float32Array(plan.sliceCount);
  for (const { modelOffset, sliceOffset, count } of plan.runs)
    for (let j = 0; j < count; j++) values[sliceOffset + j] = flat[modelOffset + j]!;
  return { plan, values };
}

const whole = planOf(0, 5);
const head = planOf(3, 2);

describe("the median", () => {
  it("of numbers is the middle one, or the mean of the middle two", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
    expect(median([-10, 9])).toBe(-0.5);
    expect(median([])).toBe(0);
  });

  it("of a coordinate is over the updates that cover it", () => {
    const changes = [
      change(whole, [1, -2, 10, 4, 0]),
      change(head, [0, 0, 0, 7, 3]),
      change(whole, [2, -8, 30, 5, 1e6]),
      change(whole, [9, -4, 20, 6, 1]),
    ];
    const { medians, covering } = coordinateMedian(changes, 6);
    expect([...medians]).toEqual([2, -4, 20, 5.5, 2, 0]);
    expect([...covering]).toEqual([3, 3, 3, 4, 4, 0]);
    expect([...coordinateMedian(changes, 6, 4).medians]).toEqual([0, 0, 0, 5.5, 2, 0]);
    expect([...changes[0]!.values]).toEqual([10, 4, 0, 1, -2]); // as it was
  });
});

const candidate = (flat: readonly number[], staleness = 0, plan = whole): Candidate => {
  const { values } = change(plan, flat);
  return { plan, values, staleness, norm: Math.hypot(...values) };
};
const out = (filter: Filter, buffer: Candidate[]) => [...leftOut(filter, buffer, 5).keys()].sort();

/** Around the same direction, as honest updates are. */
const honest = [
  [1, 2, 0, 1, 0],
  [1.2, 1.8, 0.1, 0.9, 0],
  [0.9, 2.1, 0, 1.1, 0.1],
  [1, 1.9, -0.1, 1, 0.1],
];

describe("the norm filter", () => {
  const filter: Filter = { kind: "norm", factor: 2 };
  const long = (norm: number): Candidate => ({ ...candidate(honest[0]!), norm });

  it("leaves out what is more than `factor` times as long as the median, and says how long that is", () => {
    const buffer = [long(2), long(7), long(3), long(3.9), long(6)]; // the median is 3.9
    expect(out(filter, buffer)).toEqual([]);
    const shorter = [long(2), long(6.1), long(3), long(3.9), long(2.5), long(6)]; // (3 + 3.9) / 2
    expect(out({ ...filter, factor: 1.75 }, shorter)).toEqual([1]);
    expect(leftOut({ ...filter, factor: 1.75 }, shorter, 5).get(1)).toBe("left out: its norm is 1.8 times the median");
  });

  it("has 3 for a factor unless another is given", () => {
    expect(out({ kind: "norm" }, [long(1), long(1), long(3.001), long(3)])).toEqual([]); // the median is 2
    expect(out({ kind: "norm" }, [long(1), long(1), long(3.001), long(0.5), long(3)])).toEqual([2]);
  });

  it("leaves nothing out of two, nor where the median says nothing", () => {
    expect(out(filter, [long(1), long(1e6)])).toEqual([]);
    expect(out(filter, [long(0), long(0), long(5)])).toEqual([]);
    expect(out(filter, [long(4), long(4), long(4)])).toEqual([]);
  });
});

describe("the filter by staleness groups", () => {
  const filter: Filter = { kind: "staleness-groups", factor: 3 };
  const liar = honest[0]!.map((v) => -v); // as long as the others, the other way

  it("leaves out what points elsewhere than its group, however long it is", () => {
    const buffer = [...honest.map((flat) => candidate(flat)), candidate(liar)];
    expect(out(filter, buffer)).toEqual([4]);
    expect(out({ kind: "norm", factor: 3 }, buffer)).toEqual([]);
    expect(leftOut(filter, buffer, 5).get(4)).toMatch(/its distance to the 5 updates of staleness 0 is \d+\.\d times/);
  });

  it("keeps what differs because it is older, and finds a liar among the old ones", () => {
    const old = honest.map((flat) =>
      candidate(
        flat.map((v) => v * 5),
        7,
      ),
    );
    const young = honest.map((flat) => candidate(flat));
    expect(out(filter, [...old, ...young])).toEqual([]);
    const few = [...young, candidate([5, 10, 0, 5, 0], 7)];
    expect(out(filter, few)).toEqual([]); // alone in its group
    expect(out(filter, [...young, ...old, candidate(honest[0]!, 7)])).toEqual([8]);
  });

  it("compares boards of different memory where three of them train", () => {
    const small = (flat: readonly number[]) => candidate(flat, 0, head);
    const buffer = [candidate(honest[0]!), small(honest[1]!), small(honest[2]!), small([0, 0, 0, -9, 4])];
    expect(out(filter, buffer)).toEqual([3]);
    // Coordinates that one or two train have nothing to be compared with: the first update may say of them what it wants.
    expect(out(filter, [candidate([1e3, -1e3, 1e3, 1, 0]), ...buffer.slice(1, 3), small(honest[3]!)])).toEqual([]);
  });
});
