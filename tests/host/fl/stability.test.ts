// The limit of the server's step against the loop itself: w is stepped as the server would, and must shrink below the limit and grow above.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stableRate } from "../../../host/fl/stability.ts";
import { stalenessWeight } from "../../../host/fl/staleness.ts";
import { sweep } from "../plan/random_models.ts";

const whatever = Number.POSITIVE_INFINITY;

/** By how much the distance to the optimum grows in a version, once every mode but the largest has died out: a logarithm. */
function growth(ages: readonly number[], weight: (age: number) => number, rate: number): number {
  const oldest = Math.max(...ages);
  let past = Array.from({ length: oldest + 1 }, (_, i) => Math.cos(i * i)); // newest last, nothing that a mode could be blind to
  const size = () => Math.sqrt(past.reduce((sum, w) => sum + w * w, 0));
  const window = 60 * (oldest + 1);
  let logarithm = 0;
  for (let version = 0; version < 3 * window; version++) {
    const step = ages.reduce((sum, age) => sum + weight(age) * past[oldest - age]!, 0) / ages.length;
    past = [...past.slice(1), past[oldest]! - rate * step];
    if (version < window || version % 50 !== 0) continue;
    const now = size();
    if (now === 0) return Number.NEGATIVE_INFINITY;
    logarithm += Math.log(now);
    past = past.map((w) => w / now);
  }
  return logarithm / (2 * window);
}

/** The limit for updates of these ages that count by age alone. */
const limitOf = (ages: readonly number[], weight: (age: number) => number, most = whatever) =>
  stableRate(
    ages.map((age) => ({ age, weight: weight(age) })),
    most,
  );

const shapes = [
  stalenessWeight("constant"),
  stalenessWeight("polynomial"),
  stalenessWeight({ kind: "polynomial", exponent: 1 }),
  stalenessWeight("hinge"),
];

describe("the largest stable rate", () => {
  it("is 2 when nothing is ever late, and Levin and May's 2 sin(π/(2(2τ+1))) when everything is equally late", () => {
    const weight = stalenessWeight("polynomial");
    for (let age = 0; age <= 60; age++) {
      const limit = (2 * Math.sin(Math.PI / (2 * (2 * age + 1)))) / weight(age);
      expect(limitOf([age, age, age], weight)).toBeCloseTo(limit, 7);
    }
  });

  it("is where the loop goes over from shrinking to growing", () => {
    const check = (ages: number[], shape: number) => {
      const weight = shapes[shape]!;
      const limit = limitOf(ages, weight);
      expect(growth(ages, weight, 0.5 * limit)).toBeLessThan(0);
      expect(growth(ages, weight, 0.98 * limit)).toBeLessThan(0);
      expect(growth(ages, weight, 1.02 * limit)).toBeGreaterThan(0);
    };
    const ages = fc.array(fc.nat(14), { minLength: 1, maxLength: 20 });
    fc.assert(fc.property(ages, fc.nat(shapes.length - 1), check), sweep(60));
  });

  it("is larger for ages that are spread out than for their mean", () => {
    const weight = stalenessWeight("polynomial");
    const spread = Array.from({ length: 100 }, (_, i) => Math.round(1 + (i / 99) * 18));
    const even = Array(100).fill(10);
    expect(limitOf(spread, weight)).toBeGreaterThan(1.4 * limitOf(even, weight));
  });

  it("is as for one age where the updates of others count next to nothing", () => {
    const loud = { age: 3, weight: 1 };
    const quiet = [0, 9, 30].map((age) => ({ age, weight: 1e-9 }));
    expect(stableRate([loud, ...quiet], whatever)).toBeCloseTo(4 * stableRate([loud], whatever), 5); // of four, one counts
  });

  it("is at most what it may be, and above 0 for ages of thousands of versions too", () => {
    const weight = stalenessWeight("polynomial");
    expect(limitOf([0, 1, 0], weight, 0.3)).toBe(0.3);
    for (const age of [1000, 5000, 100_000]) {
      const limit = limitOf([age], weight, 1.5);
      expect(limit > 0 && limit <= 1.5).toBe(true);
      expect(limitOf([...Array(99).fill(2), age], weight, 1.5)).toBeCloseTo(limitOf(Array(99).fill(2), weight, 1.5), 1);
    }
  });
});
