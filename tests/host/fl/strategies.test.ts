// The strategies against numbers worked out by hand, with unequal sample counts, staleness and variance, so that an unweighted mean, a
// wrong divisor or a swapped factor gives another result; and the contract that all of them keep.

import { describe, expect, it } from "vitest";
import { aggregate, type Folder, type WeightedRows } from "../../../host/fl/aggregate.ts";
import { ca2fl } from "../../../host/fl/ca2fl.ts";
import { type FedasyncOptions, fedasync } from "../../../host/fl/fedasync.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { fedbuff } from "../../../host/fl/fedbuff.ts";
import { type FtteOptions, ftte } from "../../../host/fl/ftte.ts";
import { stableRate } from "../../../host/fl/stability.ts";
import type { Step, UpdateFacts } from "../../../host/fl/strategy.ts";
import type { Plan } from "../../../host/plan/types.ts";
import { strategyContract } from "../../contracts/strategy.ts";

const ages = ["constant", "polynomial", "hinge"] as const;
const variances = ["constant", "inverse", "relative"] as const;
const divisors = ["buffer", "expected", "covering"] as const;
for (const age of ages)
  for (const variance of variances)
    for (const divisor of divisors) {
      const options = { buffer: 3, age, variance, divisor, samplesPower: 0.5 };
      strategyContract(`ftte (${age} age, ${variance} variance, divided by ${divisor})`, "nobody", () => ftte(options));
    }
strategyContract("ftte with its defaults", "nobody", () => ftte());
strategyContract("ftte with even shares", "nobody", () => ftte({ share: "boards" }));
strategyContract("ftte with a step of any size", "nobody", () => ftte({ stability: "none" }));
strategyContract("ftte with a buffer of one", "nobody", () => ftte({ buffer: 1 }));
strategyContract("fedbuff", "nobody", () => fedbuff());
strategyContract("fedbuff with all options", "nobody", () =>
  fedbuff({ buffer: 3, serverLearningRate: 0.5, concurrency: 7, maxStaleness: 20 }),
);
strategyContract("ca2fl", "nobody", () => ca2fl());
strategyContract("ca2fl with all options", "nobody", () =>
  ca2fl({ buffer: 3, serverLearningRate: 0.5, concurrency: 7, maxStaleness: 20 }),
);
strategyContract("fedasync", "arrivals", () => fedasync());
for (const age of ["constant", { kind: "polynomial", exponent: 2 }, { kind: "hinge", a: 10, b: 4 }] as const)
  strategyContract(`fedasync with age ${JSON.stringify(age)}`, "arrivals", () => fedasync({ mixing: 0.9, age }));
strategyContract("fedavg", "cohort", () => fedavg());
strategyContract("fedavg with a cohort", "cohort", () => fedavg({ cohort: 10 }));
strategyContract("fedavg with over-selection", "first", () => fedavg({ cohort: 10, overSelection: 1.3 }));
strategyContract("ftte with a limited concurrency", "nobody", () => ftte({ concurrency: 10 }));
strategyContract("fedavg at half the rate", "cohort", () => fedavg({ serverLearningRate: 0.5 }));

const facts = (staleness: number, samples = 1, variance = 0): UpdateFacts => {
  return { board: "a", task: 1, baseVersion: 90, staleness, samples, steps: 10, norm: 1, variance };
};

/** Three updates that differ in everything: τ = 0, 3, 8; n = 16, 4, 25; v = 0.5, 3, 1. */
const buffer = [facts(0, 16, 0.5), facts(3, 4, 3), facts(8, 25, 1)];

function expectWeights(step: Step, ...expected: number[]): void {
  step.weights.forEach((weight, i) => {
    expect(weight).toBeCloseTo(expected[i]!, 12);
  });
  expect(step.weights).toHaveLength(expected.length);
}

describe("ftte's weights", () => {
  const weigh = (options: FtteOptions) => ftte({ age: "constant", ...options }).weigh(buffer, []);

  it("are 1 when neither age nor variance nor samples count", () => {
    expectWeights(weigh({}), 1, 1, 1);
  });

  it("fall as 1/√(1+τ) with polynomial age", () => {
    expectWeights(weigh({ age: "polynomial" }), 1, 1 / 2, 1 / 3);
  });

  it("stay at 1 up to τ = 4 and then fall as 1/(1+(τ-4)/2) with hinge age", () => {
    expectWeights(weigh({ age: "hinge" }), 1, 1, 1 / 3);
    expectWeights(ftte({ age: "hinge" }).weigh([facts(4), facts(5), facts(6), facts(10)], []), 1, 2 / 3, 1 / 2, 1 / 4);
  });

  it("fall as 1/(1+v) with inverse variance", () => {
    expectWeights(weigh({ variance: "inverse" }), 2 / 3, 1 / 4, 1 / 2);
  });

  it("fall as 1/(1+v/median v) with relative variance", () => {
    expectWeights(weigh({ variance: "relative" }), 2 / 3, 1 / 4, 1 / 2); // the median is 1
    const even = [facts(0, 1, 1), facts(0, 1, 3), facts(0, 1, 5), facts(0, 1, 12)]; // the median is (3 + 5) / 2
    expectWeights(ftte({ variance: "relative" }).weigh(even, []), 4 / 5, 4 / 7, 4 / 9, 1 / 4);
  });

  it("ignore variance when at least half of the buffer has none to compare with", () => {
    expectWeights(ftte({ variance: "relative" }).weigh([facts(0, 1, 0), facts(0, 1, 0), facts(0, 1, 9)], []), 1, 1, 1);
  });

  it("grow as n^ρ with the samples", () => {
    expectWeights(weigh({ samplesPower: 0.5 }), 4, 2, 5);
    expectWeights(weigh({ samplesPower: 1 }), 16, 4, 25);
  });

  it("are the product of all three", () => {
    const step = weigh({ age: "polynomial", variance: "inverse", samplesPower: 0.5 });
    expectWeights(step, 4 * 1 * (2 / 3), 2 * (1 / 2) * (1 / 4), 5 * (1 / 3) * (1 / 2));
  });
});

describe("ftte's shares", () => {
  const of = (board: string, staleness = 0): UpdateFacts => ({ ...facts(staleness), board });
  const earlier = [..."aaaaaaab"].map((board) => ({ board, staleness: 0 }));
  const weigh = (list: UpdateFacts[], options: FtteOptions = {}) =>
    ftte({ age: "constant", share: "boards", ...options }).weigh(list, earlier);

  it("are an even part of the latest updates over the board's own: of 7 + 1, 1 + 1 and 1, three boards, 11/3 each", () => {
    expectWeights(weigh([of("a"), of("b"), of("c")]), 11 / 3 / 8, 11 / 3 / 2, 11 / 3);
  });

  it("multiply the weights by age, of which they take nothing", () => {
    const list = [of("a", 3), of("b", 8), of("c", 3)];
    expectWeights(weigh(list, { age: "polynomial" }), 11 / 3 / 8 / 2, 11 / 3 / 2 / 3, 11 / 3 / 2);
  });

  it("are 1 on average over the latest updates, and 4 at most", () => {
    const { weights, divisor } = weigh([of("a"), of("b"), of("c")]);
    expect(7 * weights[0]! + weights[1]! + weights.reduce((a, b) => a + b)).toBeCloseTo(11, 12);
    expect(divisor).toBe(3);
    const rare = ftte({ age: "constant", share: "boards" }).weigh(
      [of("b")],
      Array(99).fill({ board: "a", staleness: 0 }),
    );
    expectWeights(rare, 4);
  });

  it("are part of what keeps steps stable: of an early board's 80 updates and a late one's 20, half of the weight is late", () => {
    const early = Array.from({ length: 79 }, () => ({ board: "a", staleness: 2 }));
    const late = Array.from({ length: 20 }, () => ({ board: "b", staleness: 9 }));
    const options = { age: "constant", share: "boards", serverLearningRate: 100 } as const;
    const step = ftte(options).weigh([of("a", 2)], [...early, ...late]);
    const evenly = [2, 9].map((age) => ({ age, weight: 1 }));
    expect(step.serverLearningRate).toBeCloseTo(stableRate(evenly, 100), 9);
  });

  it("are 1 for every update by default", () => {
    expectWeights(ftte({ age: "constant" }).weigh([of("a"), of("b")], earlier), 1, 1);
  });
});

describe("ftte's divisor", () => {
  it("is the buffer's size, so that a stale buffer takes a smaller step", () => {
    expect(ftte().weigh(buffer, []).divisor).toBe(3);
  });

  it("is the size times the mean of n^ρ when samples count, so that the units of n cancel", () => {
    expect(ftte({ samplesPower: 0.5 }).weigh(buffer, []).divisor).toBeCloseTo(4 + 2 + 5, 12);
  });

  it("is left to the weights that cover a coordinate when asked for", () => {
    expect(ftte({ divisor: "covering" }).weigh(buffer, []).divisor).toBe("covering");
  });

  it("is of as many updates as are to be expected when asked for, of half of them at least", () => {
    expect(ftte({ divisor: "expected" }).weigh(buffer, [])).toMatchObject({ divisor: 3, leastCoverage: 1 / 2 });
    expect(ftte().weigh(buffer, []).leastCoverage).toBeUndefined();
  });
});

describe("ftte's server rate", () => {
  const late = Array(3).fill(facts(5));
  const rate = (options: FtteOptions, ages: number[] = []) => {
    const earlier = ages.map((staleness) => ({ board: "a", staleness }));
    return ftte({ serverLearningRate: 1.5, ...options }).weigh(late, earlier).serverLearningRate;
  };
  const evenly = 2 * Math.sin(Math.PI / 22); // the limit where every update is five versions old and counts in full

  it("is no larger than the updates' ages leave stable", () => {
    expect(rate({ age: "constant" })).toBeCloseTo(evenly, 7);
    expect(rate({ age: "polynomial" })).toBeCloseTo(evenly * Math.sqrt(6), 7);
    expect(rate({ serverLearningRate: 0.1 })).toBe(0.1);
  });

  it("takes the ages of the updates before these into account", () => {
    expect(rate({}, Array(97).fill(0))).toBe(1.5);
    expect(rate({}, Array(97).fill(20))).toBeLessThan(0.6 * rate({}));
  });

  it("is for updates that count in full where their weights are divided by what they sum up to", () => {
    expect(rate({ divisor: "covering" })).toBeCloseTo(evenly, 7);
  });

  it("is as given where nobody shall care", () => {
    expect(rate({ stability: "none" })).toBe(1.5);
  });
});

describe("an age's shape", () => {
  it("is its own where options say so: (1+τ)^-2, and 1/(1 + 10(τ-2)) beyond 2", () => {
    const weigh = (age: NonNullable<FtteOptions["age"]>) => ftte({ age }).weigh(buffer, []);
    expectWeights(weigh({ kind: "polynomial", exponent: 2 }), 1, 1 / 16, 1 / 81);
    expectWeights(weigh({ kind: "hinge", a: 10, b: 2 }), 1, 1 / 11, 1 / 61);
  });
});

describe("fedbuff's weights", () => {
  it("are 1/√(1+τ), whatever the samples, divided by K", () => {
    expectWeights(fedbuff({ buffer: 3 }).weigh(buffer, []), 1, 1 / 2, 1 / 3);
    expect(fedbuff({ buffer: 3 }).weigh(buffer, [])).toMatchObject({ divisor: 3, serverLearningRate: 1 });
  });
});

describe("ca2fl's weights", () => {
  it("are equal, whatever the age and the samples, and its steps calibrated", () => {
    expectWeights(ca2fl({ serverLearningRate: 0.5 }).weigh(buffer, []), 1, 1, 1);
    expect(ca2fl({ serverLearningRate: 0.5 }).weigh(buffer, [])).toMatchObject({
      divisor: "covering",
      serverLearningRate: 0.5,
    });
    expect(ca2fl().calibrated).toBe(true);
    expect(ca2fl().ready(Array(9).fill(buffer[0]!), { boards: 3, busy: 0, ordered: 0 })).toBe(false);
    expect(ca2fl().ready(Array(10).fill(buffer[0]!), { boards: 3, busy: 3, ordered: 0 })).toBe(true);
  });
});

describe("fedasync's weight", () => {
  const alpha = (staleness: number, options: FedasyncOptions = {}) =>
    fedasync(options).weigh([facts(staleness, 7)], []).weights[0]!;

  it("is α at no age, 0.6 by default, and α · s(τ) then", () => {
    expect(alpha(0)).toBeCloseTo(0.6, 12);
    expect(alpha(3)).toBeCloseTo(0.3, 12);
    expect(alpha(3, { mixing: 0.9, age: "constant" })).toBeCloseTo(0.9, 12);
    expect(alpha(6, { mixing: 1, age: { kind: "hinge", a: 10, b: 4 } })).toBeCloseTo(1 / 21, 12);
  });

  it("leads towards the board's model, at every arrival", () => {
    expect(fedasync().weigh([facts(2)], [])).toMatchObject({ toward: "models", divisor: 1, serverLearningRate: 1 });
    expect(fedasync().ready([facts(2)], { boards: 9, busy: 8, ordered: 3 })).toBe(true);
  });
});

describe("fedavg's weights", () => {
  it("are the sample counts, divided by the sum over the boards that cover a coordinate", () => {
    const step = fedavg().weigh(buffer, []);
    expectWeights(step, 16, 4, 25);
    expect(step).toMatchObject({ divisor: "covering", serverLearningRate: 1 });
  });
});

describe("a server step by hand", () => {
  /** One parameter of value 10; an update's only byte is its Δ. The sum is in f64, so that nothing but the formula is judged. */
  const plan = { runs: [{ sliceOffset: 0, modelOffset: 0, count: 1 }] } as unknown as Plan;
  const plain: Folder = {
    sum: (_plan, updates: readonly WeightedRows[]) =>
      Float32Array.of(updates.reduce((sum, { rows, weight }) => sum + rows[0]! * weight, 0)),
  };
  const updates = [30, 60, 90].map((delta, i) => ({
    plan,
    rows: Uint8Array.of(delta),
    base: Float32Array.of(4 * i),
    clip: 1,
  }));
  const moved = (step: Step) => aggregate(Float32Array.of(10), updates, step, plain)[0]!;

  it("of ftte by age: (30/1 + 60/2 + 90/3) / 3 = 30, where the plain mean would be 60", () => {
    expect(moved(ftte({ buffer: 3 }).weigh(buffer, []))).toBeCloseTo(10 + 30, 4);
  });

  it("of ftte by age over the updates to be expected: 90 / (3 · 0.75) = 40 where three quarters of the boards train it, 90 / (3 · 0.5) = 60 where fewer than half do", () => {
    const step = ftte({ divisor: "expected" }).weigh(buffer, []);
    const at = (coverage: number) =>
      aggregate(Float32Array.of(10), updates, step, plain, "mean", Float32Array.of(coverage))[0]!;
    expect([1, 0.75, 0.5, 0.1].map(at)).toEqual([40, 50, 70, 70].map((w) => expect.closeTo(w, 4)));
  });

  it("of ftte by age over the covering weights: 90 / (1 + 1/2 + 1/3) = 49.0909", () => {
    expect(moved(ftte({ divisor: "covering" }).weigh(buffer, []))).toBeCloseTo(10 + 540 / 11, 4);
  });

  it("of ftte by age, variance and samples at half the rate: 0.5 · (80 + 15 + 75) / 11 = 7.7273", () => {
    const options = { variance: "inverse", samplesPower: 0.5, serverLearningRate: 0.5 } as const;
    expect(moved(ftte(options).weigh(buffer, []))).toBeCloseTo(10 + (0.5 * (80 + 15 + 75)) / 11, 4);
  });

  it("of fedavg: (16·30 + 4·60 + 25·90) / 45 = 66", () => {
    expect(moved(fedavg().weigh(buffer, []))).toBeCloseTo(10 + 66, 4);
  });

  it("of fedbuff at twice the rate: 2 · (30/1 + 60/2 + 90/3) / 3 = 60", () => {
    expect(moved(fedbuff({ buffer: 3, serverLearningRate: 2 }).weigh(buffer, []))).toBeCloseTo(10 + 60, 4);
  });

  it("of fedasync is a mean of the model and the board's own: 0.8 · 10 + 0.2 · (4 + 60) = 20.8, where the change alone gives 22", () => {
    const weights = fedasync({ mixing: 0.4 }).weigh([buffer[1]!], []); // 0.4 / √(1+3)
    expect(aggregate(Float32Array.of(10), [updates[1]!], weights, plain)[0]).toBeCloseTo(20.8, 5);
  });
});

describe("who gets work, and when a step is made", () => {
  it("ftte: every board at once, or so many; a step at the K-th update", () => {
    const fleet = { boards: 50, busy: 7, ordered: 9 };
    expect(ftte().wanted(fleet)).toBe(Number.POSITIVE_INFINITY);
    expect(ftte({ concurrency: 10 }).wanted(fleet)).toBe(3);
    expect(ftte({ concurrency: 5 }).wanted(fleet)).toBe(0);
    expect(ftte({ buffer: 2 }).ready(buffer.slice(0, 1), fleet)).toBe(false);
    expect(ftte({ buffer: 2 }).ready(buffer.slice(0, 2), fleet)).toBe(true);
  });

  it("a board's order counts as one, or as no more versions than an order lasts for on average", () => {
    const asked = { buffer: 4, concurrency: 10 };
    for (const make of [ftte, fedbuff, ca2fl]) {
      expect(make(asked).turn).toBe(0);
      expect(make({ ...asked, turns: "time" }).turn).toBe(2.5);
      expect(make({ turns: "time" }).turn).toBe(0); // all are at work: nobody waits for a turn
    }
    expect(fedasync({ concurrency: 10, turns: "time" }).turn).toBe(10);
    expect(fedavg({ cohort: 10 }).turn).toBe(0);
  });

  it("fedavg: a cohort of each version, all of which is waited for", () => {
    expect(fedavg({ cohort: 10 }).wanted({ boards: 50, busy: 2, ordered: 4 })).toBe(6);
    expect(fedavg({ cohort: 10 }).ready(buffer, { boards: 50, busy: 1, ordered: 4 })).toBe(false);
    expect(fedavg({ cohort: 10 }).ready(buffer, { boards: 50, busy: 0, ordered: 3 })).toBe(true);
  });

  it("fedavg with over-selection: three in ten more are asked, and the first make the step", () => {
    const strategy = fedavg({ cohort: 3, overSelection: 4 / 3 });
    expect(strategy.wanted({ boards: 50, busy: 0, ordered: 0 })).toBe(4);
    expect(strategy.ready(buffer.slice(0, 2), { boards: 50, busy: 2, ordered: 4 })).toBe(false);
    expect(strategy.ready(buffer, { boards: 50, busy: 1, ordered: 4 })).toBe(true);
  });
});
