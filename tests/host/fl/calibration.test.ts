// The calibrated step by hand: two boards that train both coordinates of a model, one that trains the second only, caches of unequal size.

import { describe, expect, it } from "vitest";
import type { Folder, WeightedRows } from "../../../host/fl/aggregate.ts";
import { calibratedStep, UpdateCache } from "../../../host/fl/calibration.ts";
import type { Step } from "../../../host/fl/strategy.ts";
import type { Plan } from "../../../host/plan/types.ts";

const both = { sliceCount: 2, runs: [{ modelOffset: 0, sliceOffset: 0, count: 2 }] } as unknown as Plan;
const second = { sliceCount: 1, runs: [{ modelOffset: 1, sliceOffset: 0, count: 1 }] } as unknown as Plan;
const fleet = new Map([
  ["a", both],
  ["b", both],
  ["c", second],
]);

/** An update's bytes are its elements. */
const plain: Folder = {
  sum: ({ sliceCount }, updates: readonly WeightedRows[]) =>
    Float32Array.from({ length: sliceCount }, (_, j) =>
      updates.reduce((sum, { rows, weight }) => sum + rows[j]! * weight, 0),
    ),
};
const update = (board: string, ...elements: number[]) => {
  return { board, plan: fleet.get(board) ?? both, rows: Uint8Array.from(elements), clip: 1 };
};
const step: Step = { weights: [1, 1, 1], divisor: "covering", serverLearningRate: 1 };
const before = Float32Array.of(100, 200);

describe("a calibrated step", () => {
  it("is the plain mean of those that cover a coordinate while nothing is remembered", () => {
    const next = calibratedStep(
      before,
      [update("a", 6, 3), update("b", 2, 6), update("c", 9)],
      new UpdateCache(fleet),
      step,
      plain,
    );
    expect([...next]).toEqual([104, 206]);
  });

  it("is the mean of what is remembered, over all boards, and of how the buffer's boards differ from that", () => {
    const cache = new UpdateCache(fleet);
    cache.keep("a", update("a", 10, 30));
    cache.keep("c", update("c", 12));
    // First: h̄ = (10 + 0)/2, a asks for 20 - 10, b for 8 - 0. Second: h̄ = (30 + 0 + 12)/3, a asks for 36 - 30, b for 3 - 0.
    const next = calibratedStep(before, [update("a", 20, 36), update("b", 8, 3)], cache, step, plain);
    expect([...next]).toEqual([100 + 5 + 9, 200 + 14 + 4.5]);
    const half = { ...step, serverLearningRate: 0.5 };
    expect([...calibratedStep(before, [update("a", 20, 36), update("b", 8, 3)], cache, half, plain)]).toEqual([
      107, 209.25,
    ]);
  });

  it("moves also what none of the buffer's boards trains, by what is remembered", () => {
    const cache = new UpdateCache(fleet);
    cache.keep("a", update("a", 10, 30));
    expect([...calibratedStep(before, [update("c", 12)], cache, step, plain)]).toEqual([105, 200 + 10 + 12]);
  });

  it("compares a board's second update in a step with what was remembered before the step", () => {
    const cache = new UpdateCache(fleet);
    cache.keep("a", update("a", 10, 30));
    const next = calibratedStep(before, [update("a", 20, 36), update("a", 40, 42)], cache, step, plain);
    expect([...next]).toEqual([100 + 5 + 20, 200 + 10 + 9]);
  });

  it("remembers an update as it counted, the newest of each board, and nothing of boards that left the fleet", () => {
    const cache = new UpdateCache(fleet);
    cache.keep("a", update("a", 99, 99));
    cache.keep("gone", update("gone", 50, 50));
    cache.keep("a", { ...update("a", 10, 30), clip: 0.5 });
    expect(cache.of("gone")).toBeUndefined();
    expect([...cache.mean(3, plain)]).toEqual([2.5, 5, 0]);
  });

  it("sums in the order of the fleet, whichever update came first", () => {
    const thirds: Folder = {
      sum: (plan, updates) =>
        updates.reduce(
          (sum, { rows, weight }) => sum.map((s, j) => s + rows[j]! ** 7 * 1.1 * weight),
          new Float32Array(plan.sliceCount),
        ),
    };
    const updates = [update("a", 11, 201), update("b", 90, 3), update("c", 7)];
    const filled = (order: typeof updates) => {
      const cache = new UpdateCache(fleet);
      for (const u of order) cache.keep(u.board, u);
      return cache.mean(2, thirds);
    };
    expect(filled(updates.toReversed())).toEqual(filled(updates));
  });
});
