// What every Strategy promises (host/fl/strategy.ts), as one suite for all implementations. The judge is the contract's text: purity,
// who gets work, what a weight may be. Each strategy's own formula is checked beside it, in tests/host/fl/strategies.test.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BoardFacts, Strategy, UpdateFacts } from "../../host/fl/strategy.ts";
import { sweep } from "../host/plan/random_models.ts";

/** nobody: no board's state ever holds a step back. cohort: a step waits for every board that works and can be reached. */
export type Waiting = "nobody" | "cohort";

const version = 40;

const board: fc.Arbitrary<Omit<BoardFacts, "id">> = fc.record({
  boardClass: fc.constantFrom("virtual-64k", "virtual-256k"),
  online: fc.boolean(),
  lost: fc.boolean(),
  busy: fc.boolean(),
  tasksDone: fc.nat(20),
  lastVersion: fc.integer({ min: -1, max: version }),
});

export const boards: fc.Arbitrary<BoardFacts[]> = fc
  .array(board, { maxLength: 12 })
  .map((list) => list.map((facts, i) => ({ id: `board-${i}`, ...facts })));

const update: fc.Arbitrary<UpdateFacts> = fc
  .record({
    board: fc.constantFrom("board-0", "board-1", "board-2", "board-3"),
    task: fc.integer({ min: 1, max: 100 }),
    staleness: fc.integer({ min: 0, max: version }),
    samples: fc.integer({ min: 1, max: 0xffffffff }),
    steps: fc.integer({ min: 1, max: 1000 }),
    variance: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e6, noNaN: true })),
  })
  .map((facts) => ({ ...facts, baseVersion: version - facts.staleness }));

/** Buffers as they are weighed: never empty. */
export const buffers: fc.Arbitrary<UpdateFacts[]> = fc.array(update, { minLength: 1, maxLength: 9 });

/** Frozen through and through: whoever writes to it throws. */
function frozen<T extends object>(list: T[]): readonly T[] {
  return Object.freeze(list.map((each) => Object.freeze(each)));
}

/** What a strategy says to everything at once. */
function answers(strategy: Strategy, buffer: readonly UpdateFacts[], fleet: readonly BoardFacts[]) {
  return {
    assigned: strategy.assign(fleet, version),
    ready: strategy.ready(buffer, fleet, version),
    step: strategy.weigh(buffer),
  };
}

/** @param make a new strategy with the same options each time */
export function strategyContract(name: string, waits: Waiting, make: () => Strategy): void {
  describe(`${name} as a strategy`, () => {
    it("answers the same question the same way, and changes nothing it was given", () => {
      const strategy = make();
      const check = (buffer: UpdateFacts[], fleet: BoardFacts[], others: UpdateFacts[]) => {
        const asked = [frozen(buffer), frozen(fleet)] as const;
        const first = answers(strategy, ...asked);
        answers(strategy, frozen(others), []); // what it was asked in between must not matter
        expect(answers(strategy, ...asked)).toEqual(first);
        expect(answers(make(), ...asked)).toEqual(first);
      };
      fc.assert(fc.property(buffers, boards, buffers, check), sweep(100));
    });

    it("gives work only to boards that have none, each once", () => {
      const check = (fleet: BoardFacts[]) => {
        const assigned = make().assign(frozen(fleet), version);
        const idle = fleet.filter((b) => !b.busy).map((b) => b.id);
        expect(new Set(assigned).size).toBe(assigned.length);
        expect(idle).toEqual(expect.arrayContaining(assigned));
      };
      fc.assert(fc.property(boards, check), sweep(100));
    });

    it("gives work to a fresh fleet that has not been heard of yet", () => {
      const fresh = { boardClass: "c", online: false, lost: false, busy: false, tasksDone: 0, lastVersion: -1 };
      const fleet = ["a", "b", "c"].map((id) => ({ id, ...fresh }));
      expect(make().assign(fleet, 0)).toEqual(["a", "b", "c"]);
    });

    it("makes no step of an empty buffer", () => {
      fc.assert(
        fc.property(boards, (fleet) => {
          expect(make().ready([], frozen(fleet), version)).toBe(false);
        }),
        sweep(50),
      );
    });

    it("weighs every update with a finite number of at least 0, some above 0, and divides by something above 0", () => {
      const check = (buffer: UpdateFacts[]) => {
        const { weights, divisor, serverLearningRate } = make().weigh(frozen(buffer));
        expect(weights).toHaveLength(buffer.length);
        for (const weight of weights) expect(weight >= 0 && Number.isFinite(weight)).toBe(true);
        expect(Math.max(...weights)).toBeGreaterThan(0);
        expect(divisor === "covering" || (divisor > 0 && Number.isFinite(divisor))).toBe(true);
        expect(serverLearningRate > 0 && Number.isFinite(serverLearningRate)).toBe(true);
      };
      fc.assert(fc.property(buffers, check), sweep(200));
    });

    it("never lets an update count for more because it is older", () => {
      const check = (buffer: UpdateFacts[], which: number, older: number) => {
        const i = which % buffer.length;
        const aged = buffer.map((u, k) => (k === i ? { ...u, staleness: u.staleness + older } : u));
        const before = make().weigh(frozen(buffer));
        const after = make().weigh(frozen(aged));
        expect(after.weights[i]!).toBeLessThanOrEqual(before.weights[i]!);
        expect(after.weights.toSpliced(i, 1)).toEqual(before.weights.toSpliced(i, 1));
        expect(after.divisor).toBe(before.divisor);
      };
      fc.assert(fc.property(buffers, fc.nat(100), fc.integer({ min: 1, max: 60 }), check), sweep(200));
    });

    it("weighs an update by what it is, not by its place in the buffer", () => {
      const check = (buffer: UpdateFacts[]) => {
        const turned = make().weigh(frozen(buffer.toReversed())).weights.toReversed();
        make()
          .weigh(frozen(buffer))
          .weights.forEach((weight, i) => {
            expect(turned[i]).toBeCloseTo(weight, 12);
          });
      };
      fc.assert(fc.property(buffers, check), sweep(100));
    });

    if (waits === "nobody") neverWaits(make);
    else waitsForItsCohort(make);
  });
}

function neverWaits(make: () => Strategy): void {
  it("waits for no straggler: whether a step is made depends on the buffer alone, and every idle board has work", () => {
    const check = (buffer: UpdateFacts[], some: BoardFacts[], others: BoardFacts[]) => {
      const strategy = make();
      expect(strategy.ready(buffer, frozen(some), version)).toBe(strategy.ready(buffer, frozen(others), version));
      const idle = some.filter((b) => !b.busy).map((b) => b.id);
      expect(strategy.assign(frozen(some), version)).toEqual(idle);
    };
    fc.assert(fc.property(buffers, boards, boards, check), sweep(100));
  });

  it("makes a step as soon as the buffer is long enough, and then at any greater length", () => {
    const strategy = make();
    const one: UpdateFacts = { board: "a", task: 1, baseVersion: 0, staleness: 0, samples: 1, steps: 1, variance: 0 };
    const ready = Array.from({ length: 40 }, (_, n) => strategy.ready(Array(n).fill(one), [], version));
    expect(ready[0]).toBe(false);
    expect(ready.at(-1)).toBe(true);
    expect(ready.lastIndexOf(false)).toBe(ready.indexOf(true) - 1);
  });
}

function waitsForItsCohort(make: () => Strategy): void {
  it("waits for every board that works and can be reached, and for no board that is lost", () => {
    const check = (buffer: UpdateFacts[], fleet: BoardFacts[]) => {
      const holdsBack = fleet.some((b) => b.busy && !b.lost);
      expect(make().ready(frozen(buffer), frozen(fleet), version)).toBe(!holdsBack);
    };
    fc.assert(fc.property(buffers, boards, check), sweep(200));
  });

  it("gives a board one task of each round, and a lost board none until it is back", () => {
    const check = (fleet: BoardFacts[]) => {
      const expected = fleet.filter((b) => !b.busy && !b.lost && b.lastVersion < version).map((b) => b.id);
      expect(make().assign(frozen(fleet), version)).toEqual(expected);
    };
    fc.assert(fc.property(boards, check), sweep(200));
  });
}
