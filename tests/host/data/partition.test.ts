// Who gets which samples: every index exactly once, users whole, classes as unevenly as the Dirichlet distribution says; and what is held
// out, by subject wherever there are subjects.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byUser, dirichlet, shards } from "../../../host/data/partition.ts";
import { gamma, normal, type Random, seeded, shuffle } from "../../../host/data/random.ts";
import { holdOutEnds, holdOutShareOfSamples, holdOutShareOfUsers, holdOutUsers } from "../../../host/data/split.ts";
import type { Dataset, Partition } from "../../../host/data/types.ts";
import { sweep } from "../plan/random_models.ts";

/** Each sample's only element is its index. */
function dataset(labels: number[], users: number[] = labels.map(() => 0)): Dataset {
  return {
    name: "made.csv",
    shape: [1],
    type: "f32",
    count: labels.length,
    elements: Float32Array.from(labels, (_, i) => i),
    labels: Uint16Array.from(labels),
    users: Uint16Array.from(users),
    classes: Array.from({ length: labels.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, k) => `class ${k}`),
  };
}

const expectEachOnce = (partition: Partition, count: number) => {
  const all = partition.flatMap((list) => [...list]).sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: count }, (_, i) => i));
};

const labelLists = fc.array(fc.nat(6), { minLength: 1, maxLength: 120 });
const seeds = fc.nat(1e6);
const deals: [name: string, deal: (data: Dataset, boards: number, random: Random) => Partition][] = [
  ["dirichlet of alpha 0.5", (data, boards, random) => dirichlet(data, boards, 0.5, random)],
  ["dirichlet of alpha 1000", (data, boards, random) => dirichlet(data, boards, 1000, random)],
  ["dirichlet of alpha 0.001", (data, boards, random) => dirichlet(data, boards, 0.001, random)],
  ["dirichlet of alpha 1e-300", (data, boards, random) => dirichlet(data, boards, 1e-300, random)],
  ["shards, one per board", (data, boards, random) => shards(data, boards, 1, random)],
  ["shards, three per board", (data, boards, random) => shards(data, boards, 3, random)],
];

describe.each(deals)("%s", (_name, deal) => {
  it("deals every index to exactly one board, and the same with the same seed", () => {
    fc.assert(
      fc.property(labelLists, fc.integer({ min: 1, max: 9 }), seeds, (labels, boards, seed) => {
        const data = dataset(labels);
        const dealt = deal(data, boards, seeded(seed));
        expect(dealt).toHaveLength(boards);
        expectEachOnce(dealt, labels.length);
        expect(deal(data, boards, seeded(seed))).toEqual(dealt);
      }),
      sweep(100),
    );
  });

  it("deals otherwise with another seed", () => {
    const data = dataset(Array.from({ length: 500 }, (_, i) => i % 10));
    expect(deal(data, 5, seeded(1))).not.toEqual(deal(data, 5, seeded(2)));
  });
});

describe("a Dirichlet partition", () => {
  /** Mean over classes and seeds of Σ p²: how uneven the boards' shares of a class are. */
  function unevenness(alpha: number, boards: number): number {
    const perClass = 1000;
    const data = dataset(Array.from({ length: 5 * perClass }, (_, i) => i % 5));
    let sum = 0;
    const runs = 60;
    for (let seed = 0; seed < runs; seed++)
      for (const list of dirichlet(data, boards, alpha, seeded(seed)))
        for (let label = 0; label < 5; label++)
          sum += (list.filter((i) => data.labels[i] === label).length / perClass) ** 2;
    return sum / (5 * runs);
  }

  it.each([0.1, 0.5, 2, 100])("of alpha %d is as uneven as E Σp² = (α+1)/(αB+1)", (alpha) => {
    for (const boards of [3, 8]) {
      const expected = (alpha + 1) / (alpha * boards + 1);
      expect(Math.abs(unevenness(alpha, boards) / expected - 1)).toBeLessThan(0.1);
    }
  });

  it("of a vanishing alpha gives each class to one board", () => {
    expect(unevenness(1e-9, 8)).toBe(1);
  });
});

describe("a partition by user", () => {
  it("deals every index once, splits no user, gives every board some, and is seeded", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 100 }), seeds, fc.nat(8), (users, seed, few) => {
        const data = dataset(
          users.map((u) => u % 3),
          users,
        );
        const known = new Set(users).size;
        const boards = 1 + (few % known);
        const dealt = byUser(data, boards, seeded(seed));
        expectEachOnce(dealt, users.length);
        const usersOf = dealt.map((list) => new Set([...list].map((i) => users[i]!)));
        expect(usersOf.reduce((sum, set) => sum + set.size, 0)).toBe(known);
        const sizes = usersOf.map((set) => set.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(byUser(data, boards, seeded(seed))).toEqual(dealt);
      }),
      sweep(150),
    );
  });

  it("gives boards one user each, in about equal parts, when there are more boards than users", () => {
    const users = Array.from({ length: 240 }, (_, i) => [5, 9, 11][Math.floor(i / 80)]!);
    const data = dataset(
      users.map((_, i) => i % 4),
      users,
    );
    for (let boards = 3; boards <= 40; boards++) {
      const dealt = byUser(data, boards, seeded(boards));
      expectEachOnce(dealt, 240);
      for (const list of dealt) expect(new Set([...list].map((i) => users[i])).size).toBe(1);
      const sizes = dealt.map((list) => list.length);
      const most = Math.ceil(80 / Math.floor(boards / 3));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(Math.floor(80 / Math.ceil(boards / 3)));
    }
  });

  it("is refused when a board would get nothing, with all the numbers", () => {
    const data = dataset([0, 1, 0, 1], [5, 5, 9, 9]);
    expect(() => byUser(data, 5, seeded(1))).toThrow(
      /made\.csv has too few samples .* its 2 users for 5 boards; use fewer/,
    );
  });
});

describe("a partition by shards", () => {
  it("gives a board of n shards at most n + 1 neighbouring classes each, in equal parts", () => {
    const data = dataset(Array.from({ length: 1200 }, (_, i) => (i * 7) % 10));
    for (const perBoard of [1, 2])
      for (const list of shards(data, 6, perBoard, seeded(3))) {
        expect(list.length).toBe(200);
        const classes = new Set([...list].map((i) => data.labels[i]!));
        expect(classes.size).toBeLessThanOrEqual(perBoard * 3); // a shard of 200/perBoard out of classes of 120
      }
  });

  it("copes with shards of any size", () => {
    const data = dataset(new Array(300_000).fill(0));
    expect(shards(data, 1, 1, seeded(1))[0]).toHaveLength(300_000);
  });
});

describe("holding out", () => {
  const values = (part: Dataset) => [...part.elements];
  const many = dataset(
    Array.from({ length: 200 }, (_, i) => i % 3),
    Array.from({ length: 200 }, (_, i) => Math.floor(i / 10)),
  );

  it("users takes all of theirs and nothing else", () => {
    const { train, test } = holdOutUsers(many, [3, 19]);
    expect(new Set(test.users)).toEqual(new Set([3, 19]));
    expect(test.count).toBe(20);
    expect([...train.users].some((u) => u === 3 || u === 19)).toBe(false);
    expect([...values(train), ...values(test)].sort((a, b) => a - b)).toEqual(values(many));
  });

  it("users that are not there is refused, naming them", () => {
    const small = dataset([0, 0, 0], [2, 7, 10]);
    expect(() => holdOutUsers(small, [7, 8, 9])).toThrow(
      "made.csv has no samples of test user 8, 9; its users are 2, 7, 10",
    );
  });

  it("a share of the users keeps each on one side, at least one on either, and is seeded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { minLength: 2, maxLength: 60 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        seeds,
        (users, share, seed) => {
          const data = dataset(
            users.map(() => 0),
            users,
          );
          const known = new Set(users).size;
          if (known < 2)
            return void expect(() => holdOutShareOfUsers(data, share, seeded(seed))).toThrow(/one user only/);
          const { train, test } = holdOutShareOfUsers(data, share, seeded(seed));
          expect([...test.users].filter((u) => train.users.includes(u))).toEqual([]);
          const held = new Set(test.users).size;
          expect(held).toBe(Math.min(known - 1, Math.max(1, Math.round(share * known))));
          expect(train.count + test.count).toBe(users.length);
          expect(holdOutShareOfUsers(data, share, seeded(seed)).test.elements).toEqual(test.elements);
        },
      ),
      sweep(150),
    );
  });

  it("a share of the samples takes that many, at random", () => {
    const { train, test } = holdOutShareOfSamples(many, 0.25, seeded(5));
    expect([train.count, test.count]).toEqual([150, 50]);
    expect([...values(train), ...values(test)].sort((a, b) => a - b)).toEqual(values(many));
    expect(values(test)).not.toEqual(values(holdOutShareOfSamples(many, 0.25, seeded(6)).test));
  });

  it("the ends of each class leaves no two windows on both sides that share rows", () => {
    // Three recordings after each other; a window shares rows with the two before it.
    const labels = [...Array(40).fill(0), ...Array(30).fill(1), ...Array(7).fill(2)];
    const overlap = 2;
    const { train, test } = holdOutEnds(dataset(labels), 0.2, overlap);
    expect(values(test)).toEqual([...range(32, 40), ...range(64, 70), ...range(76, 77)]);
    for (const held of values(test))
      for (const used of values(train))
        if (labels[held] === labels[used]) expect(Math.abs(held - used)).toBeGreaterThan(overlap);
    expect(values(train)).toEqual([...range(0, 30), ...range(40, 62), ...range(70, 74)]);
  });
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("randomness", () => {
  const moments = (draws: number[]) => {
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    return { mean, variance: draws.reduce((sum, d) => sum + (d - mean) ** 2, 0) / draws.length };
  };
  const draw = (n: number, one: (random: Random) => number, seed = 1) => {
    const random = seeded(seed);
    return Array.from({ length: n }, () => one(random));
  };

  it("is the same for the same seed, and uniform in [0, 1)", () => {
    expect(draw(5, (r) => r(), 7)).toEqual(draw(5, (r) => r(), 7));
    const draws = draw(100_000, (r) => r());
    expect(Math.min(...draws.slice(0, 1e4))).toBeGreaterThanOrEqual(0);
    expect(draws.every((d) => d >= 0 && d < 1)).toBe(true);
    const bins = Array.from({ length: 20 }, (_, k) => draws.filter((d) => Math.floor(d * 20) === k).length);
    for (const bin of bins) expect(Math.abs(bin - 5000)).toBeLessThan(350); // five standard deviations
  });

  it("shuffles without loss, every place as likely as any other", () => {
    const counts = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
    const random = seeded(3);
    for (let i = 0; i < 20_000; i++)
      shuffle(Uint32Array.of(0, 1, 2, 3, 4), random).forEach((v, at) => {
        counts[v]![at]!++;
      });
    for (const row of counts) for (const n of row) expect(Math.abs(n - 4000)).toBeLessThan(300);
  });

  it("has normal numbers of mean 0 and variance 1", () => {
    const { mean, variance } = moments(draw(50_000, normal));
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  });

  it.each([0.1, 0.5, 1, 3.7])("has gamma numbers of mean and variance %d", (alpha) => {
    const { mean, variance } = moments(draw(60_000, (r) => gamma(alpha, r)));
    expect(Math.abs(mean / alpha - 1)).toBeLessThan(0.05);
    expect(Math.abs(variance / alpha - 1)).toBeLessThan(0.12);
  });
});
