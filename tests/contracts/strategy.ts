// What every Strategy promises (host/fl/strategy.ts), as one suite for all implementations. The judge is the contract's text: purity,
// who gets work, what a weight may be. Each strategy's own formula is checked beside it, in tests/host/fl/strategies.test.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EarlierUpdate,
  type FleetFacts,
  remembered,
  type Strategy,
  type UpdateFacts,
} from "../../host/fl/strategy.ts";
import { sweep } from "../host/plan/random_models.ts";

/**
 * nobody: no board's state ever holds a step back. arrivals: nothing does, every update makes a step. cohort: a step waits for every board
 * that works and can be reached. first: for the first ones.
 */
export type Waiting = "nobody" | "arrivals" | "cohort" | "first";

const version = 40;
const none: FleetFacts = { boards: 0, busy: 0, ordered: 0 };

/** Counts that can occur: no more busy boards than boards, and no more orders at this version than boards. */
export const fleets: fc.Arbitrary<FleetFacts> = fc
  .record({ boards: fc.nat(60), busy: fc.nat(60), ordered: fc.nat(60) })
  .map(({ boards, busy, ordered }) => ({ boards, busy: Math.min(boards, busy), ordered: Math.min(boards, ordered) }));

const update: fc.Arbitrary<UpdateFacts> = fc
  .record({
    board: fc.constantFrom("board-0", "board-1", "board-2", "board-3"),
    task: fc.integer({ min: 1, max: 100 }),
    staleness: fc.integer({ min: 0, max: version }),
    samples: fc.integer({ min: 1, max: 0xffffffff }),
    steps: fc.integer({ min: 1, max: 1000 }),
    norm: fc.double({ min: 0, max: 1e3, noNaN: true }),
    variance: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e6, noNaN: true })),
  })
  .map((facts) => ({ ...facts, baseVersion: version - facts.staleness }));

/** Buffers as they are weighed: never empty. */
export const buffers: fc.Arbitrary<UpdateFacts[]> = fc.array(update, { minLength: 1, maxLength: 9 });

/** What came before a buffer. */
const earlierUpdates: fc.Arbitrary<EarlierUpdate[]> = fc.array(
  fc.record({ board: fc.constantFrom("board-0", "board-1", "board-4"), staleness: fc.nat(200) }),
  { maxLength: remembered },
);

/** Frozen through and through: whoever writes to it throws. */
function frozen<T extends object>(list: T[]): readonly T[] {
  return Object.freeze(list.map((each) => Object.freeze(each)));
}

/** What a strategy says to everything at once. */
function answers(
  strategy: Strategy,
  buffer: readonly UpdateFacts[],
  earlier: readonly EarlierUpdate[],
  fleet: FleetFacts,
) {
  return {
    wanted: strategy.wanted(fleet),
    ready: strategy.ready(buffer, fleet),
    step: strategy.weigh(buffer, earlier),
  };
}

/** @param make a new strategy with the same options each time */
export function strategyContract(name: string, waits: Waiting, make: () => Strategy): void {
  describe(`${name} as a strategy`, () => {
    it("answers the same question the same way, and changes nothing it was given", () => {
      const strategy = make();
      const check = (buffer: UpdateFacts[], earlier: EarlierUpdate[], fleet: FleetFacts, others: UpdateFacts[]) => {
        const asked = [frozen(buffer), Object.freeze(earlier), Object.freeze(fleet)] as const;
        const first = answers(strategy, ...asked);
        answers(strategy, frozen(others), [], none); // what it was asked in between must not matter
        expect(answers(strategy, ...asked)).toEqual(first);
        expect(answers(make(), ...asked)).toEqual(first);
      };
      fc.assert(fc.property(buffers, earlierUpdates, fleets, buffers, check), sweep(100));
    });

    it("wants a number of boards that is not negative", () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          expect(make().wanted(Object.freeze(fleet))).toBeGreaterThanOrEqual(0);
        }),
        sweep(100),
      );
    });

    it("counts a board's order as a number of versions that is not negative", () => {
      expect(make().turn).toBeGreaterThanOrEqual(0);
      if (make().inRounds) expect(make().turn).toBe(0); // a board works on each version once at most
    });

    it("gives work to a fresh fleet", () => {
      expect(make().wanted({ boards: 3, busy: 0, ordered: 0 })).toBeGreaterThan(0);
    });

    it("makes no step of an empty buffer", () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          expect(make().ready([], Object.freeze(fleet))).toBe(false);
        }),
        sweep(50),
      );
    });

    it("weighs every update with a finite number of at least 0, some above 0, and divides by something above 0", () => {
      const check = (buffer: UpdateFacts[], earlier: EarlierUpdate[]) => {
        const {
          weights,
          divisor,
          leastCoverage = 1,
          serverLearningRate,
        } = make().weigh(frozen(buffer), Object.freeze(earlier));
        expect(leastCoverage > 0 && leastCoverage <= 1).toBe(true);
        expect(weights).toHaveLength(buffer.length);
        for (const weight of weights) expect(weight >= 0 && Number.isFinite(weight)).toBe(true);
        expect(Math.max(...weights)).toBeGreaterThan(0);
        expect(divisor === "covering" || (divisor > 0 && Number.isFinite(divisor))).toBe(true);
        expect(serverLearningRate > 0 && Number.isFinite(serverLearningRate)).toBe(true);
      };
      fc.assert(fc.property(buffers, earlierUpdates, check), sweep(200));
    });

    it("never lets an update count for more because it is older", () => {
      const check = (buffer: UpdateFacts[], which: number, older: number) => {
        const i = which % buffer.length;
        const aged = buffer.map((u, k) => (k === i ? { ...u, staleness: u.staleness + older } : u));
        const before = make().weigh(frozen(buffer), []);
        const after = make().weigh(frozen(aged), []);
        expect(after.weights[i]!).toBeLessThanOrEqual(before.weights[i]!);
        expect(after.weights.toSpliced(i, 1)).toEqual(before.weights.toSpliced(i, 1));
        expect([after.divisor, after.leastCoverage]).toEqual([before.divisor, before.leastCoverage]);
      };
      fc.assert(fc.property(buffers, fc.nat(100), fc.integer({ min: 1, max: 60 }), check), sweep(200));
    });

    it("weighs an update by what it is, not by its place in the buffer", () => {
      const check = (buffer: UpdateFacts[]) => {
        const turned = make().weigh(frozen(buffer.toReversed()), []).weights.toReversed();
        make()
          .weigh(frozen(buffer), [])
          .weights.forEach((weight, i) => {
            expect(turned[i]).toBeCloseTo(weight, 12);
          });
      };
      fc.assert(fc.property(buffers, check), sweep(100));
    });

    if (waits === "nobody" || waits === "arrivals") neverWaits(make);
    else if (waits === "cohort") waitsForItsCohort(make);
    else waitsForTheFirst(make);
    if (waits === "arrivals") stepsAtOnce(make);
  });
}

const one: UpdateFacts = {
  board: "a",
  task: 1,
  baseVersion: 0,
  staleness: 0,
  samples: 1,
  steps: 1,
  norm: 1,
  variance: 0,
};

function neverWaits(make: () => Strategy): void {
  it("waits for no straggler: whether a step is made depends on the buffer alone, and there are no rounds", () => {
    const check = (buffer: UpdateFacts[], some: FleetFacts, others: FleetFacts) => {
      const strategy = make();
      expect(strategy.ready(buffer, some)).toBe(strategy.ready(buffer, others));
      expect(strategy.inRounds).toBe(false);
    };
    fc.assert(fc.property(buffers, fleets, fleets, check), sweep(100));
  });

  it("keeps as many boards at work as it may, whatever they were given before", () => {
    const check = ({ boards, busy }: FleetFacts, ordered: number) => {
      const most = make().wanted({ boards, busy: 0, ordered: 0 });
      expect(make().wanted({ boards, busy, ordered })).toBe(Math.max(0, most - busy));
    };
    fc.assert(fc.property(fleets, fc.nat(60), check), sweep(100));
  });

  it("makes a step as soon as the buffer is long enough, and then at any greater length", () => {
    const strategy = make();
    const ready = Array.from({ length: 40 }, (_, n) => strategy.ready(Array(n).fill(one), none));
    expect(ready[0]).toBe(false);
    expect(ready.at(-1)).toBe(true);
    expect(ready.lastIndexOf(false)).toBe(ready.indexOf(true) - 1);
  });
}

function stepsAtOnce(make: () => Strategy): void {
  it("makes a step at every arrival, which takes the model somewhere between itself and the board's", () => {
    const check = ([first]: UpdateFacts[], fleet: FleetFacts) => {
      expect(make().ready([first!], fleet)).toBe(true);
      const { toward, weights, divisor, serverLearningRate } = make().weigh(frozen([first!]), []);
      const share = (serverLearningRate * weights[0]!) / (divisor === "covering" ? weights[0]! : divisor);
      expect(toward).toBe("models");
      expect(share > 0 && share <= 1).toBe(true);
    };
    fc.assert(fc.property(buffers, fleets, check), sweep(100));
  });
}

/** In rounds, and so many boards in each as it wants of a fresh fleet. */
function ordersOnce(make: () => Strategy): void {
  it("gives a round's orders once, and makes up for those that came to nothing", () => {
    const check = ({ boards, busy, ordered }: FleetFacts) => {
      const asked = make().wanted({ boards, busy: 0, ordered: 0 });
      expect(make().wanted({ boards, busy, ordered })).toBe(Math.max(0, asked - ordered));
      expect(make().inRounds).toBe(true);
    };
    fc.assert(fc.property(fleets, check), sweep(100));
  });
}

function waitsForItsCohort(make: () => Strategy): void {
  ordersOnce(make);
  it("waits for every board that works and can be reached, and drops nothing that is late", () => {
    const check = (buffer: UpdateFacts[], fleet: FleetFacts) => {
      expect(make().ready(frozen(buffer), fleet)).toBe(fleet.busy === 0);
      expect(make().maxStaleness).toBe(Number.POSITIVE_INFINITY);
    };
    fc.assert(fc.property(buffers, fleets, check), sweep(200));
  });
}

function waitsForTheFirst(make: () => Strategy): void {
  ordersOnce(make);
  it("makes a step when enough have come or nobody is left to come, and gives up whoever is late", () => {
    const strategy = make();
    const asked = strategy.wanted(none);
    const ready = Array.from({ length: asked + 1 }, (_, n) =>
      strategy.ready(Array(n).fill(one), { boards: asked, busy: asked - n, ordered: asked }),
    );
    expect(ready.indexOf(true)).toBeGreaterThan(0);
    expect(ready.indexOf(true)).toBeLessThan(asked);
    expect(ready.lastIndexOf(false)).toBe(ready.indexOf(true) - 1);
    expect(strategy.ready([one], { boards: asked, busy: 0, ordered: asked })).toBe(true);
    expect(strategy.maxStaleness).toBe(0);
  });
}
