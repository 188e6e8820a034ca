// Turns against what they promise: by orders, each counts as one; by time, as the versions that it lasted for, and no more than most do.

import { describe, expect, it } from "vitest";
import { Turns } from "../../../host/fl/turns.ts";

/** By how much a board's rank grew with orders whose updates were so old. */
function growth(most: number, ages: readonly (number | undefined)[]): number {
  const turns = new Turns(3, most, 1);
  const before = [0, 1, 2].map((board) => turns.rank(board));
  for (const age of ages) turns.ended(1, age);
  expect([turns.rank(0), turns.rank(2)]).toEqual([before[0], before[2]]); // the others had none
  return turns.rank(1) - before[1]!;
}

describe("a board's turn", () => {
  it("by orders comes the later the more it had, whatever became of them", () => {
    expect(growth(0, [0, 7, undefined, 3])).toBe(4);
  });

  it("by time comes the later the more versions it was at work for", () => {
    expect(growth(5, Array<number>(10).fill(0))).toBe(5); // half of one each
    expect(growth(5, [0, 1, 2, 4])).toBe(9);
    expect(growth(5, [3.5])).toBe(4);
  });

  it("by time comes no later after a slow order than after most, nor after one that came to nothing", () => {
    for (const age of [5, 6, 1000, undefined]) expect(growth(5, [age])).toBe(5);
    for (const age of [0, 1, undefined]) expect(growth(0.25, [age, age, age, age])).toBe(1); // a version takes four orders of each
  });

  it("by orders begins at once for all, by time when a seed draws it, evenly over an order's length", () => {
    const ranks = (most: number, seed: number) => {
      const turns = new Turns(5000, most, seed);
      return Array.from({ length: 5000 }, (_, board) => turns.rank(board));
    };
    expect(new Set(ranks(0, 1))).toEqual(new Set([0]));
    expect(ranks(10, 1)).toEqual(ranks(10, 1));
    expect(ranks(10, 1)).not.toEqual(ranks(10, 2));
    for (let rank = 0; rank < 10; rank++) {
      const count = ranks(10, 1).filter((one) => one === rank).length;
      expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(450)); // five deviations of a fair draw
    }
  });
});
