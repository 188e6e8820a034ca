// The server step and the spread of a buffer against f64 references, over nested tiers that cover the model unequally; and the SIMD fold
// against the plain formula, bit for bit, for every row length.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import {
  aggregate,
  type BufferedUpdate,
  boardsCovering,
  type Folder,
  normOf,
  variances,
} from "../../../host/fl/aggregate.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import type { Step } from "../../../host/fl/strategy.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { planTiers } from "../../../host/plan/select.ts";
import type { Model, Plan } from "../../../host/plan/types.ts";
import { places } from "../plan/bench.ts";
import { sweep } from "../plan/random_models.ts";
import { deltaOf, f32DeltaOf, randomRows } from "./reference_fold.ts";

await buildFold();
const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
const f32Folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "f32");

/** Odd row lengths: 7·3 = 21, 5·3·5 = 75, 13. */
const models: Model[] = [
  {
    name: "dense",
    kind: "classifier",
    input: { shape: [21], type: "f32" },
    layers: [
      { kind: "dense", units: 13, activation: "relu" },
      { kind: "dense", units: 5 },
    ],
  },
  {
    name: "convolution",
    kind: "classifier",
    input: { shape: [14, 3], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 5, kernel: 3, activation: "relu" },
      { kind: "depthwise1d", kernel: 3 },
      { kind: "conv1d", filters: 7, kernel: 3, stride: 2, activation: "relu" },
      { kind: "dense", units: 3 },
    ],
  },
];
const tiers = models.map((model) => {
  const [least, most] = (["none", "all"] as const).map((selection) => planModel(model, { selection }).memoryBytes);
  const between = (share: number) => Math.round(least! + share * (most! - least!));
  return planTiers(model, [between(0.3), between(0.5), between(0.8), most!], {});
});

interface Case {
  plans: Plan[];
  parameters: Float32Array;
  buffer: BufferedUpdate[];
  step: Step;
  by: "mean" | "median";
  coverage?: Float32Array; // with the step's leastCoverage
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    which: fc.nat(models.length - 1),
    picks: fc.array(fc.nat(3), { minLength: 1, maxLength: 11 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    covering: fc.boolean(),
    least: fc.option(fc.double({ min: 0.1, max: 1, noNaN: true }), { nil: undefined }),
    towardModels: fc.boolean(),
    by: fc.constantFrom("mean" as const, "median" as const),
  })
  .map(({ which, picks, seed, covering, least, towardModels, by }) => {
    const random = seeded(seed);
    const plans = tiers[which]!;
    const slice = (plan: Plan) => Float32Array.from({ length: plan.sliceCount }, () => random() * 2 - 1);
    const update = (plan: Plan, size: number) => ({
      plan,
      rows: randomRows(plan, random, size),
      base: slice(plan),
      clip: 0.2 + 0.8 * random(),
    });
    const buffer = picks.map((p) => update(plans[p]!, 1e-3 * (1 + p)));
    const weights = picks.map(() => (random() < 0.1 ? 0 : 10 ** (random() * 4 - 2)));
    const divisor = covering ? "covering" : (1 + random()) * picks.length;
    const parameters = Float32Array.from({ length: plans[0]!.parameterCount }, () => random() * 2 - 1);
    const step: Step = { weights, divisor, serverLearningRate: 0.5 + random() };
    if (least !== undefined) step.leastCoverage = least;
    if (towardModels) step.toward = "models";
    const coverage = parameters.map(random);
    return { plans, parameters, buffer, by, step, ...(least !== undefined && { coverage }) };
  });

/** w + η Σ a Δ / N in f64, or with base + Δ - w for Δ, or Σ a · median Δ for Σ a Δ, and how large the summands are: what rounding is measured by. */
function reference({ parameters, buffer, step, by, coverage }: Case): { value: number; size: number }[] {
  const out = Array.from(parameters, (w) => ({ w, sum: 0, size: 0, weights: 0, all: [] as number[] }));
  buffer.forEach(({ plan, rows, base, clip }, i) => {
    const a = step.weights[i]!;
    const bases = new Map(places(plan).map((c, j) => [c, base[j]!]));
    for (const [c, whole] of deltaOf(rows, plan)) {
      const change = clip * whole;
      const delta = step.toward === "models" ? bases.get(c)! + change - out[c]!.w : change;
      out[c]!.sum += a * delta;
      out[c]!.size += Math.abs(a * delta);
      out[c]!.weights += a;
      out[c]!.all.push(delta);
    }
  });
  return out.map(({ w, sum: mean, size, weights, all }, c) => {
    all.sort((a, b) => a - b);
    const median = (all[(all.length - 1) >> 1]! + all[all.length >> 1]!) / 2; // the two are one when they are odd
    const sum = by === "mean" ? mean : all.length ? weights * median : 0;
    const part = coverage ? Math.max(coverage[c]!, step.leastCoverage!) : 1;
    const n = step.divisor === "covering" ? weights : step.divisor * part;
    const scale = n > 0 ? step.serverLearningRate / n : 0;
    return { value: w + scale * sum, size: Math.abs(w) + scale * (size + Math.abs(sum)) };
  });
}

describe("tiers of a model", () => {
  it("cover unequal parts of it, the smaller inside the larger", () => {
    for (const plans of tiers) {
      expect(new Set(plans.map((p) => p.planCrc)).size).toBeGreaterThanOrEqual(3);
      expect(plans.at(-1)!.sliceCount).toBe(plans[0]!.parameterCount);
      expect(plans.some((p) => p.segments.some((s) => s.rowElements % 4 > 0))).toBe(true);
    }
  });
});

describe("a server step", () => {
  it("is w + η Σ a Δ / N at every coordinate, over the updates that cover it", () => {
    let uncovered = 0;
    fc.assert(
      fc.property(cases, (c) => {
        const got = aggregate(c.parameters, c.buffer, c.step, folder, c.by, c.coverage);
        reference(c).forEach(({ value, size }, i) => {
          if (!(Math.abs(got[i]! - value) <= 2e-6 * size)) expect.fail(`parameter ${i}: ${got[i]} instead of ${value}`);
          if (got[i] === c.parameters[i]) uncovered++;
        });
      }),
      sweep(150),
    );
    expect(uncovered).toBeGreaterThan(1000); // smaller tiers leave the rest alone
  });

  it("knows what share of a fleet's boards trains each coordinate", () => {
    const counts = [3, 0, 5, 2];
    for (const plans of tiers) {
      const fleet = plans.flatMap((plan, i) => Array<Plan>(counts[i]!).fill(plan));
      const expected = new Float64Array(plans[0]!.parameterCount);
      for (const plan of fleet) for (const c of places(plan)) expected[c]! += 0.1;
      const got = boardsCovering(expected.length, fleet).map((boards) => boards / fleet.length);
      got.forEach((share, c) => {
        expect(share).toBeCloseTo(expected[c]!, 6);
      });
      expect(new Set(Array.from(got, (share) => share.toFixed(2)))).toContain("0.20"); // what only the largest train
    }
  });

  it("leaves what it was given alone, and gives the same bits for the same buffer", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const before = c.parameters.slice();
        const rows = c.buffer.map((u) => u.rows.slice());
        const first = aggregate(c.parameters, c.buffer, c.step, folder, c.by);
        expect(aggregate(c.parameters, c.buffer, c.step, folder, c.by)).toEqual(first);
        expect(c.parameters).toEqual(before);
        expect(c.buffer.map((u) => u.rows)).toEqual(rows);
      }),
      sweep(40),
    );
  });

  it("gives the same bits wherever the updates of other tiers stand between those of one", () => {
    fc.assert(
      fc.property(cases, (c) => {
        // Sorted by tier, each tier's updates in their order, the tiers in the order in which they first came.
        const order = [...new Set(c.buffer.map((u) => u.plan))].flatMap((plan) =>
          c.buffer.flatMap((u, i) => (u.plan === plan ? [i] : [])),
        );
        const step = { ...c.step, weights: order.map((i) => c.step.weights[i]!) };
        const sorted = order.map((i) => c.buffer[i]!);
        expect(aggregate(c.parameters, sorted, step, folder, c.by)).toEqual(
          aggregate(c.parameters, c.buffer, c.step, folder, c.by),
        );
      }),
      sweep(40),
    );
  });

  it("changes nothing where every weight is 0", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const step = { ...c.step, weights: c.buffer.map(() => 0) };
        expect(aggregate(c.parameters, c.buffer, step, folder, c.by)).toEqual(c.parameters);
      }),
      sweep(20),
    );
  });
});

describe("the norm of an update", () => {
  it("is that of all its elements as they came, clipped or not", () => {
    const check = ({ buffer }: Case) => {
      for (const update of buffer)
        expect(normOf(update, folder)).toBeCloseTo(Math.hypot(...deltaOf(update.rows, update.plan).values()), 5);
    };
    fc.assert(fc.property(cases, check), sweep(40));
  });
});

describe("the variance of an update", () => {
  it("is its squared distance to the buffer's mean relative to the mean's squared norm, where it covers", () => {
    fc.assert(
      fc.property(cases, ({ buffer, parameters }) => {
        const deltas = buffer.map(({ plan, rows, clip }) => {
          return new Map([...deltaOf(rows, plan)].map(([c, delta]) => [c, clip * delta]));
        });
        const mean = (c: number) => {
          const covering = deltas.flatMap((d) => (d.has(c) ? [d.get(c)!] : []));
          return covering.reduce((a, b) => a + b, 0) / covering.length;
        };
        const got = variances(buffer, parameters.length, folder);
        deltas.forEach((delta, i) => {
          let distance = 0;
          let norm = 0;
          for (const [c, d] of delta) {
            distance += (d - mean(c)) ** 2;
            norm += mean(c) ** 2;
          }
          const expected = norm > 0 ? distance / norm : 0;
          if (!(Math.abs(got[i]! - expected) <= 1e-5 * (expected + 1e-6)))
            expect.fail(`update ${i}: ${got[i]} instead of ${expected}`);
        });
      }),
      sweep(40),
    );
  });

  it("is 0 for a lone update, for equal ones and for those that say nothing", () => {
    const plan = tiers[0]![3]!;
    const rows = randomRows(plan, seeded(5), 1);
    const zero = new Uint8Array(rows.length);
    const base = new Float32Array(plan.sliceCount);
    expect(variances([{ plan, rows, base, clip: 1 }], plan.parameterCount, folder)).toEqual([0]);
    for (const v of variances(Array(3).fill({ plan, rows, base, clip: 1 }), plan.parameterCount, folder))
      expect(v).toBeLessThan(1e-12);
    expect(variances(Array(2).fill({ plan, rows: zero, base, clip: 1 }), plan.parameterCount, folder)).toEqual([0, 0]);
  });
});

/** The same sum, element by element in f32, one update after the other. */
const plain: Folder = {
  sum(plan, updates) {
    const f = Math.fround;
    const sum = new Float32Array(plan.sliceCount);
    for (const { rows, weight } of updates) {
      const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
      let byte = 0;
      for (const s of plan.segments)
        for (let row = 0; row < s.rows; row++) {
          const k = f(f(weight) * view.getFloat32(byte, true));
          for (let i = 0; i < s.rowElements; i++) {
            const at = s.sliceOffset + row * s.rowElements + i;
            sum[at] = f(sum[at]! + f(k * view.getInt8(byte + 4 + i)));
          }
          byte += 4 + 4 * Math.ceil(s.rowElements / 4);
        }
    }
    return sum;
  },
};

/** The same sum of f32 rows. */
const plainF32: Folder = {
  sum(plan, updates) {
    const f = Math.fround;
    const sum = new Float32Array(plan.sliceCount);
    for (const { rows, weight } of updates) {
      const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
      for (let i = 0; i < sum.length; i++) sum[i] = f(sum[i]! + f(f(weight) * view.getFloat32(4 * i, true)));
    }
    return sum;
  },
};

/** A slice of one or two segments, as far as the fold looks at a plan. */
function sliceOf(...shapes: [rows: number, rowElements: number][]): Plan {
  let sliceCount = 0;
  const segments = shapes.map(([rows, rowElements], i) => {
    const sliceOffset = sliceCount;
    sliceCount += rows * rowElements;
    return { parameter: `p${i}`, rows, rowElements, sliceOffset };
  });
  return { segments, sliceCount } as unknown as Plan;
}

const bits = (values: Float32Array) => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];

describe("the SIMD fold", () => {
  it("gives the plain formula's bits for every row length from 1 to 40 and 0 to 9 updates, in groups of four and rest", () => {
    const random = seeded(6);
    for (let n = 1; n <= 40; n++)
      for (let count = 0; count <= 9; count++) {
        const plan = sliceOf([3, n], [2, 1 + (n % 5)]);
        const updates = Array.from({ length: count }, () => {
          return { rows: randomRows(plan, random, 10 ** (random() * 6 - 3)), weight: random() * 3 };
        });
        expect(bits(folder.sum(plan, updates)), `${count} updates of rows of ${n}`).toEqual(
          bits(plain.sum(plan, updates)),
        );
      }
  });

  it("gives the plain formula's bits for any bytes: any int8, any scale, any weight", () => {
    const weight = fc.float({ min: 0, noNaN: true, noDefaultInfinity: true });
    const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }));
    const check = (shapes: [number, number][], weights: number[], seed: number) => {
      const random = seeded(seed);
      const plan = sliceOf(...shapes);
      const updates = weights.map((w) => ({ rows: randomRows(plan, random, 1), weight: w }));
      for (const { rows } of updates)
        for (let i = 0; i < rows.length; i++) if (random() < 0.5) rows[i] = Math.floor(random() * 256);
      const expected = plain.sum(plan, updates);
      folder.sum(plan, updates).forEach((v, i) => {
        if (!Object.is(v, expected[i])) expect.fail(`element ${i}: ${v} instead of ${expected[i]}`);
      });
    };
    const some = fc.array(weight, { maxLength: 11 });
    fc.assert(fc.property(fc.array(shape, { minLength: 1, maxLength: 3 }), some, fc.nat(1e6), check), sweep(300));
  });

  it("is not disturbed by a larger sum before, nor by rows that lie anywhere in their buffer", () => {
    const random = seeded(7);
    const large = sliceOf([300, 257]);
    folder.sum(large, Array(5).fill({ rows: randomRows(large, random, 100), weight: 1 }));
    const plan = sliceOf([5, 11]);
    for (let shift = 0; shift < 8; shift++) {
      const rows = randomRows(plan, random, 1);
      const shifted = new Uint8Array(rows.length + 16).subarray(shift, shift + rows.length);
      shifted.set(rows);
      const updates = Array(5).fill({ rows: shifted, weight: 0.3 });
      expect(bits(folder.sum(plan, updates))).toEqual(bits(plain.sum(plan, updates)));
    }
  });
});

describe("the SIMD fold of f32 updates", () => {
  const f32Rows = (count: number, random: () => number, size = 1) =>
    new Uint8Array(Float32Array.from({ length: count }, () => size * (random() - 0.5)).buffer);

  it("gives the plain formula's bits for every slice length from 1 to 40 and 0 to 9 updates, in groups of four and rest", () => {
    const random = seeded(8);
    for (let n = 1; n <= 40; n++)
      for (let count = 0; count <= 9; count++) {
        const plan = sliceOf([1, n]);
        const updates = Array.from({ length: count }, () => {
          return { rows: f32Rows(n, random, 10 ** (random() * 6 - 3)), weight: random() * 3 };
        });
        expect(bits(f32Folder.sum(plan, updates)), `${count} updates of ${n}`).toEqual(
          bits(plainF32.sum(plan, updates)),
        );
      }
  });

  it("gives the plain formula's bits for any finite values and weights, wherever the rows lie in their buffer", () => {
    const finite = { noNaN: true, noDefaultInfinity: true };
    const shape = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }));
    const update = fc.record({ weight: fc.float({ min: 0, ...finite }), shift: fc.nat(7), seed: fc.nat(1e6) });
    const check = (shapes: [number, number][], drawn: { weight: number; shift: number; seed: number }[]) => {
      const plan = sliceOf(...shapes);
      const updates = drawn.map(({ weight, shift, seed }) => {
        const random = seeded(seed);
        const rows = new Uint8Array(4 * plan.sliceCount + 8).subarray(shift, shift + 4 * plan.sliceCount);
        rows.set(f32Rows(plan.sliceCount, random, 10 ** (random() * 60 - 30)));
        return { rows, weight };
      });
      const expected = plainF32.sum(plan, updates);
      f32Folder.sum(plan, updates).forEach((v, i) => {
        if (!Object.is(v, expected[i])) expect.fail(`element ${i}: ${v} instead of ${expected[i]}`);
      });
    };
    const shapes = fc.array(shape, { minLength: 1, maxLength: 3 });
    fc.assert(fc.property(shapes, fc.array(update, { maxLength: 11 }), check), sweep(300));
  });

  it("makes w + η Σ a Δ / N of tiers that cover the model unequally", () => {
    const random = seeded(9);
    const plans = tiers[0]!;
    const buffer = [0, 3, 1, 2, 3].map((p) => ({
      plan: plans[p]!,
      rows: f32Rows(plans[p]!.sliceCount, random),
      base: new Float32Array(plans[p]!.sliceCount),
      clip: 1,
    }));
    const weights = [0.5, 2, 1, 0, 1.25];
    const parameters = Float32Array.from({ length: plans[0]!.parameterCount }, () => random() - 0.5);
    const got = aggregate(parameters, buffer, { weights, divisor: "covering", serverLearningRate: 0.7 }, f32Folder);
    const sum = new Float64Array(parameters.length);
    const covering = new Float64Array(parameters.length);
    buffer.forEach(({ plan, rows }, i) => {
      for (const [c, delta] of f32DeltaOf(rows, plan)) {
        sum[c]! += weights[i]! * delta;
        covering[c]! += weights[i]!;
      }
    });
    got.forEach((v, c) => {
      const expected = parameters[c]! + (covering[c]! > 0 ? (0.7 * sum[c]!) / covering[c]! : 0);
      expect(Math.abs(v - expected)).toBeLessThan(1e-6);
    });
  });

  it("refuses rows of the other encoding, as that refuses these", () => {
    const plan = sliceOf([3, 11]);
    const f32 = f32Rows(33, seeded(1));
    const int8 = randomRows(plan, seeded(1), 1);
    expect(() => f32Folder.sum(plan, [{ rows: int8, weight: 1 }])).toThrow(RangeError);
    expect(() => folder.sum(plan, [{ rows: f32, weight: 1 }])).toThrow(RangeError);
    const topK = wasmFolder(readFileSync(builtGuest("fold.wasm")), { topK: 32 }); // takes what foldedRows makes of them
    expect(topK.sum(plan, [{ rows: int8, weight: 3 }])).toEqual(folder.sum(plan, [{ rows: int8, weight: 3 }]));
    expect(() => topK.sum(plan, [{ rows: int8.subarray(8), weight: 1 }])).toThrow(RangeError);
  });
});
