// Turns against what they promise: of one order each, boards take part equally often; of some versions, a board gets one order after the other
// while they last, and is at work for as long as any other.

import { describe, expect, it } from "vitest";
import { Turns } from "../../../host/fl/turns.ts";

describe("a turn", () => {
  it("of one order is over with it, and counts", () => {
    const turns = new Turns(2, 0);
    const ranks = [0, 0, 1].map((version) => {
      turns.give(1, version);
      return turns.rank(1, version);
    });
    expect(ranks).toEqual([1, 2, 3]);
    expect(turns.rank(0, 9)).toBe(0);
  });

  it("of some versions lasts from that of its first order on, however many orders there are, and counts once", () => {
    const turns = new Turns(1, 2.5);
    expect(turns.rank(0, 7)).toBe(0);
    for (const version of [7, 7, 8, 9]) {
      turns.give(0, version);
      expect(turns.rank(0, version)).toBe(-1);
    }
    expect(turns.rank(0, 10)).toBe(1);
    turns.give(0, 10); // the next one
    expect([turns.rank(0, 12), turns.rank(0, 13)]).toEqual([-1, 2]);
  });

  it("is over when an order came to nothing", () => {
    const turns = new Turns(1, 5);
    turns.give(0, 3);
    turns.end(0);
    expect(turns.rank(0, 3)).toBe(1);
    turns.give(0, 3);
    expect([turns.rank(0, 7), turns.rank(0, 8)]).toEqual([-1, 2]);
  });
});
