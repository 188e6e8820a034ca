// Who gets the next order, against what the roster promises: each board as often as any other, the same choice in any order of events, and
// nobody who cannot be reached. And the heap below it against a sorted list.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { Heap } from "../../../host/fl/heap.ts";
import { Roster } from "../../../host/fl/roster.ts";
import { sweep } from "../plan/random_models.ts";

describe("a heap of boards", () => {
  it("gives back what went in by key and then by board, whatever the order in which it went in", () => {
    const entries = fc.array(fc.tuple(fc.nat(30), fc.nat(1000)), { maxLength: 100 });
    const check = (list: [key: number, board: number][]) => {
      const heap = new Heap();
      for (const [key, board] of list) heap.push(board, key);
      const expected = list.toSorted(([a, x], [b, y]) => a - b || x - y);
      for (const [key, board] of expected) {
        expect([heap.least, heap.first, heap.size > 0]).toEqual([key, board, true]);
        expect(heap.pop()).toBe(board);
      }
      expect([heap.least, heap.first, heap.pop(), heap.size]).toEqual([Infinity, undefined, undefined, 0]);
    };
    fc.assert(fc.property(entries, check), sweep(300));
  });

  it("stays in order when entries come and go", () => {
    const random = seeded(5);
    const heap = new Heap();
    let list: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      if (random() < 0.55) {
        const key = Math.floor(random() * 1000);
        heap.push(key, key);
        list.push(key);
      } else if (list.length > 0) {
        const least = Math.min(...list);
        expect(heap.pop()).toBe(least);
        list = list.toSpliced(list.indexOf(least), 1);
      }
    }
    expect(heap.size).toBe(list.length);
  });
});

/** A roster and the counts that its user keeps. */
function fleet(boards: number, seed = 1, reachable?: (board: number, now: number) => number) {
  const orders = new Uint32Array(boards);
  const roster = new Roster(boards, seed, (board) => orders[board]!, reachable);
  for (let board = 0; board < boards; board++) roster.add(board);
  const take = (count: number, now = 0) => {
    const taken = roster.take(count, now);
    for (const board of taken) orders[board]!++;
    return taken;
  };
  return { roster, orders, take };
}

describe("a roster", () => {
  it("gives every board its turn before any has a second one, in an order that the seed draws", () => {
    const { roster, orders, take } = fleet(50);
    const other = fleet(50, 2);
    const first = take(20);
    expect(first).not.toEqual(other.take(20));
    expect(new Set(first).size).toBe(20);
    for (const board of first) roster.add(board);
    for (let round = 0; round < 99; round++) {
      for (const board of take(10)) roster.add(board);
      expect(Math.max(...orders) - Math.min(...orders)).toBeLessThanOrEqual(1);
    }
  });

  it("draws each board about as often as any other, place by place", () => {
    const counts = new Uint32Array(10);
    for (let seed = 0; seed < 5000; seed++) counts[fleet(10, seed).take(1)[0]!]!++;
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(450)); // five deviations of a fair draw
  });

  it("chooses the same in whatever order boards came back", () => {
    const check = (order: number[]) => {
      const a = fleet(12);
      const b = fleet(12);
      const taken = a.take(12);
      b.take(12);
      for (const board of taken) a.roster.add(board);
      for (const i of order) b.roster.add(taken[i]!);
      expect(b.take(5)).toEqual(a.take(5));
    };
    fc.assert(fc.property(fc.shuffledSubarray([...Array(12).keys()], { minLength: 12 }), check), sweep(50));
  });

  it("gives all that there are when more are wanted, and none twice", () => {
    const { take } = fleet(7);
    expect(take(Number.POSITIVE_INFINITY).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(take(3)).toEqual([]);
  });

  it("passes over a board that was removed, until it is added again", () => {
    const { roster, take } = fleet(6);
    roster.remove(2);
    roster.remove(4);
    roster.add(4);
    expect(take(9).toSorted()).toEqual([0, 1, 3, 4, 5]);
    roster.add(2);
    expect(take(9)).toEqual([2]);
  });

  it("gives nobody an order who cannot be reached, and says when the first of them can be", () => {
    const { roster, take } = fleet(4, 1, (board, now) => Math.max(now, board * 10));
    expect(take(9, 5)).toEqual([0]);
    expect(roster.nextReturn).toBe(10);
    expect(take(9, 9.5)).toEqual([]);
    expect(take(9, 20).toSorted()).toEqual([1, 2]);
    expect(roster.nextReturn).toBe(30);
    expect(take(9, 30)).toEqual([3]);
    expect(roster.nextReturn).toBe(Number.POSITIVE_INFINITY);
  });

  it("forgets a board that was removed while it could not be reached", () => {
    const { roster, take } = fleet(2, 1, (board, now) => (board === 0 ? Math.max(now, 10) : now));
    expect(take(9, 0)).toEqual([1]);
    roster.remove(0);
    expect(take(9, 10)).toEqual([]);
  });
});
