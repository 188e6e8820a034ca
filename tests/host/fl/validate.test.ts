// What an update must be before any arithmetic touches it. The judge knows only the layout (docs/wire.md): each field wrong, each length, each
// kind of number that is none, and random bytes, of which nothing passes unless every field is right.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import { aggregate } from "../../../host/fl/aggregate.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import type { Step } from "../../../host/fl/strategy.ts";
import { type Expected, isOfRun, validateUpdate } from "../../../host/fl/validate.ts";
import { planModel } from "../../../host/plan/plan.ts";
import type { Model } from "../../../host/plan/types.ts";
import { sweep } from "../plan/random_models.ts";
import { deltaOf, randomRows } from "./reference_fold.ts";
import { refusing } from "./refusal.ts";

await buildFold();
const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");

const model: Model = {
  name: "tiny",
  kind: "classifier",
  input: { shape: [5], type: "f32" },
  layers: [
    { kind: "dense", units: 3, activation: "relu" },
    { kind: "dense", units: 2 },
  ],
};
const plan = planModel(model, { selection: "all" });
const rowsInAll = 3 + 1 + 2 + 1; // weights of 5 and of 3, each with its bias as a row of its own
const expected: Expected = {
  board: "wrist-07",
  ...{ run: 3, task: 12, baseVersion: 40, steps: 200, encoding: "int8" },
  plan,
  normLimit: 10,
};
const headerBytes = 44;

/** An update's bytes, field by field as docs/wire.md lists them; little endian. */
const fields = {
  run: { at: 0, right: 3 },
  task: { at: 4, right: 12 },
  baseVersion: { at: 8, right: 40 },
  planCrc: { at: 12, right: plan.planCrc },
  samples: { at: 16, right: 60 },
  steps: { at: 20, right: 200 },
  lossFirst: { at: 24, right: 1.5 },
  lossLast: { at: 28, right: 0.25 },
  rows: { at: 32, right: rowsInAll },
  count: { at: 36, right: 5 * 3 + 3 + 3 * 2 + 2 },
  encoding: { at: 40, right: 1 },
} as const;
type Field = keyof typeof fields;
const isFloat = (field: Field) => field.startsWith("loss");

function update(change: Partial<Record<Field, number>> = {}, rows = randomRows(plan, seeded(1), 1e-3)): Uint8Array {
  const out = new Uint8Array(headerBytes + rows.length);
  const view = new DataView(out.buffer);
  for (const [name, { at, right }] of Object.entries(fields) as [Field, { at: number; right: number }][])
    if (isFloat(name)) view.setFloat32(at, change[name] ?? right, true);
    else view.setUint32(at, change[name] ?? right, true);
  out.set(rows, headerBytes);
  return out;
}

const refusal = refusing(expected);

describe("a valid update", () => {
  it("passes, with its header, its rows and its norm", () => {
    const rows = randomRows(plan, seeded(2), 1e-3);
    const valid = validateUpdate(update({}, rows), expected);
    expect(valid.header).toMatchObject({ run: 3, task: 12, samples: 60, lossFirst: 1.5, lossLast: 0.25 });
    expect(valid.rows).toEqual(rows);
    const norm = Math.hypot(...deltaOf(rows, plan).values());
    expect(valid.norm).toBeCloseTo(norm, 9);
  });

  it("passes when it says nothing at all", () => {
    const silent = update({}, new Uint8Array(randomRows(plan, seeded(1), 1).length));
    expect(validateUpdate(silent, expected).norm).toBe(0);
  });

  it("is told from that of another run by its first four bytes", () => {
    expect(isOfRun(update(), 3)).toBe(true);
    expect(isOfRun(update(), 4)).toBe(false);
    expect(isOfRun(update().subarray(0, headerBytes - 1), 3)).toBe(false);
  });
});

describe("an update with a wrong field", () => {
  const names = Object.keys(fields) as Field[];

  it.each(names.filter((n) => !isFloat(n) && n !== "samples"))("is refused: %s", (name) => {
    for (const wrong of [0, fields[name].right + 1, fields[name].right - 1, 0xffffffff]) {
      const text = refusal(update({ [name]: wrong }));
      expect(text).toMatch(/^wrist-07: its update names .* instead of /);
      expect(text).toContain(String(wrong));
    }
  });

  it("is refused when it was trained on no samples", () => {
    expect(refusal(update({ samples: 0 }))).toMatch(/^wrist-07: its update was trained on no samples/);
  });

  it.each(["lossFirst", "lossLast"] as const)("is refused when %s is not finite", (name) => {
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(refusal(update({ [name]: loss }))).toMatch(/loss that is not finite/);
  });
});

describe("an update of a wrong length", () => {
  it("is refused at every truncation, and with bytes behind it", () => {
    const whole = update();
    for (let length = 0; length < whole.length; length++)
      expect(refusal(whole.subarray(0, length))).toContain(`${length} bytes instead of ${whole.length}`);
    for (const extra of [1, 3, 4, 240]) refusal(Buffer.concat([whole, new Uint8Array(extra)]));
  });
});

/** Where each row's scale lies. */
function scales(): number[] {
  const out: number[] = [];
  let byte = headerBytes;
  for (const s of plan.segments)
    for (let row = 0; row < s.rows; row++) {
      out.push(byte);
      byte += 4 + 4 * Math.ceil(s.rowElements / 4);
    }
  expect(out).toHaveLength(rowsInAll);
  return out;
}

describe("an update with an absurd number", () => {
  const withScale = (row: number, scale: number, elements?: number) => {
    const bytes = update();
    const at = scales()[row]!;
    new DataView(bytes.buffer).setFloat32(at, scale, true);
    if (elements !== undefined) bytes.fill(elements, at + 4, scales()[row + 1] ?? bytes.length);
    return bytes;
  };

  it("is refused whichever row's scale is NaN, infinite, negative or huge", () => {
    for (let row = 0; row < rowsInAll; row++)
      for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1e-3, -1e30, 1e30, 3.4e38])
        refusal(withScale(row, scale));
  });

  it("is refused with a huge scale also when its elements are all 0: the weight times the scale would be infinite", () => {
    for (let row = 0; row < rowsInAll; row++) for (const scale of [1e30, 3e38, 11]) refusal(withScale(row, scale, 0));
  });

  it("never makes a model that is not finite when it passes, whatever its weight", () => {
    const anyScale = fc.float({ noNaN: false });
    fc.assert(
      fc.property(anyScale, fc.nat(rowsInAll - 1), fc.constantFrom(0, 1, -128, 127), (scale, row, element) => {
        const bytes = withScale(row, scale, element);
        let rows: Uint8Array;
        try {
          ({ rows } = validateUpdate(bytes, { ...expected, normLimit: 1e3 }));
        } catch {
          return;
        }
        const step = { weights: [0xffffffff], divisor: "covering", serverLearningRate: 1 } satisfies Step;
        const base = new Float32Array(plan.sliceCount);
        const next = aggregate(new Float32Array(plan.parameterCount), [{ plan, rows, base, clip: 1 }], step, folder);
        expect(next.every(Number.isFinite)).toBe(true);
      }),
      sweep(2000),
    );
  });
});

describe("the norm's limit", () => {
  it("is the last norm that passes", () => {
    const bytes = update();
    const { norm } = validateUpdate(bytes, expected);
    expect(validateUpdate(bytes, { ...expected, normLimit: norm }).norm).toBe(norm);
    expect(refusal(bytes, { normLimit: norm * (1 - 1e-12) })).toMatch(/norm of .*, above /);
  });

  it("counts every row and every element, -128 too", () => {
    const one = (row: number, element: number) => {
      const rows = new Uint8Array(update().length - headerBytes);
      const at = scales()[row]! - headerBytes;
      new DataView(rows.buffer).setFloat32(at, 0.01, true);
      new DataView(rows.buffer).setInt8(at + 4 + element, -128);
      return validateUpdate(update({}, rows), expected).norm;
    };
    for (const row of [0, 2, 3, 4, 6]) expect(one(row, 0)).toBeCloseTo(1.28, 6);
    expect(one(0, 4)).toBeCloseTo(1.28, 6);
    expect(one(0, 5)).toBe(0); // padding says nothing
  });
});

describe("random bytes", () => {
  const length = update().length;

  it("never pass: not as they are, and not with any one field left wrong", () => {
    const bytes = fc.uint8Array({ minLength: length, maxLength: length });
    const names = Object.keys(fields) as Field[];
    fc.assert(
      fc.property(bytes, fc.constantFrom(...names), (random, left) => {
        refusal(random);
        // Every field put right but one, which stays random; the rows stay random as well.
        const mended = update({}, random.subarray(headerBytes));
        mended.set(random.subarray(fields[left].at, fields[left].at + 4), fields[left].at);
        const view = new DataView(mended.buffer);
        const value = isFloat(left) ? view.getFloat32(fields[left].at, true) : view.getUint32(fields[left].at, true);
        const fieldIsRight = isFloat(left)
          ? Number.isFinite(value)
          : left === "samples"
            ? value > 0
            : value === fields[left].right;
        if (!fieldIsRight) refusal(mended, { normLimit: Number.POSITIVE_INFINITY });
      }),
      sweep(500),
    );
  });

  it("pass as rows exactly when each scale is a number from 0 on and the norm is within its limit", () => {
    let passed = 0;
    const rows = fc.uint8Array({ minLength: length - headerBytes, maxLength: length - headerBytes });
    // Exponents around those of real updates, so that both outcomes are frequent.
    const exponents = fc.array(fc.constantFrom(0x00, 0x39, 0x3a, 0x3a, 0x3b, 0x3b, 0x3c, 0x3d, 0xbb, 0x7f), {
      minLength: rowsInAll,
      maxLength: rowsInAll,
    });
    fc.assert(
      fc.property(rows, exponents, (random, high) => {
        const bytes = update({}, random);
        scales().forEach((at, i) => {
          bytes[at + 3] = high[i]!;
        });
        const view = new DataView(bytes.buffer);
        const values = scales().map((at) => view.getFloat32(at, true));
        const norm = Math.hypot(...deltaOf(bytes.subarray(headerBytes), plan).values());
        const right = values.every((s) => s >= 0 && s * 127 <= 10) && norm <= 10;
        if (right) validateUpdate(bytes, expected);
        else refusal(bytes);
        if (right) passed++;
      }),
      sweep(2000),
    );
    expect(passed).toBeGreaterThan(50);
  });
});
