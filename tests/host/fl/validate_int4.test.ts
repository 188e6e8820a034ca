// What an int4 update must be: as validate.test.ts has it for int8 ones, of which only the layout and the scale's limit differ. The judge knows the
// layout (docs/wire.md).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { type Expected, validateUpdate } from "../../../host/fl/validate.ts";
import { planModel } from "../../../host/plan/plan.ts";
import type { Model } from "../../../host/plan/types.ts";
import { encodeUpdateHeader } from "../../../host/wire/spec.gen.ts";
import { sweep } from "../plan/random_models.ts";
import { deltaOf, int4DeltaOf } from "./reference_fold.ts";
import { refusing } from "./refusal.ts";

const model: Model = {
  name: "tiny",
  kind: "classifier",
  input: { shape: [13], type: "f32" },
  layers: [
    { kind: "dense", units: 3, activation: "relu" },
    { kind: "dense", units: 2 },
  ],
};
const plan = planModel(model, { selection: "all" });
const rowsInAll = [13, 13, 13, 3, 3, 3, 2]; // weights, and each layer's biases as a row
const rowBytes = (n: number) => 4 + 4 * Math.ceil(n / 8);
const headerBytes = 44;
const rowAt = rowsInAll.map((_, row) => rowsInAll.slice(0, row).reduce((sum, n) => sum + rowBytes(n), headerBytes));
const length = rowsInAll.reduce((sum, n) => sum + rowBytes(n), headerBytes);
const expected: Expected = {
  board: "wrist-07",
  ...{ run: 3, task: 12, baseVersion: 40, steps: 200, encoding: "int4" },
  plan,
  normLimit: 10,
};
const refusal = refusing(expected);

/** An update of random elements, and scales that are small. */
function update(seed = 1, encoding = 4): Uint8Array {
  const random = seeded(seed);
  const out = new Uint8Array(length);
  const { planCrc } = plan;
  const counts = { samples: 60, rows: rowsInAll.length, count: 3 * 13 + 3 + 2 * 3 + 2, encoding };
  const losses = { lossFirst: 1.5, lossLast: 0.25 };
  out.set(encodeUpdateHeader({ run: 3, task: 12, baseVersion: 40, steps: 200, planCrc, ...counts, ...losses }));
  rowsInAll.forEach((n, row) => {
    new DataView(out.buffer).setFloat32(rowAt[row]!, random() * 1e-2, true);
    for (let i = 0; i < Math.ceil(n / 2); i++) out[rowAt[row]! + 4 + i] = Math.floor(random() * 256);
  });
  return out;
}

describe("a valid int4 update", () => {
  it("passes, with the int8 rows that say the same, and their norm", () => {
    for (let seed = 1; seed < 40; seed++) {
      const bytes = update(seed);
      const { rows, norm } = validateUpdate(bytes, expected);
      const said = int4DeltaOf(bytes.subarray(headerBytes), plan);
      expect(deltaOf(rows, plan)).toEqual(said);
      expect(norm).toBeCloseTo(Math.hypot(...said.values()), 9);
      expect([...said.values()].filter((v) => v < 0).length).toBeGreaterThan(8);
    }
  });

  it("says nothing with the half byte behind an odd row, nor with what fills it up", () => {
    const filled = update();
    for (const [row, n] of rowsInAll.entries()) {
      if (n % 2 === 1) filled[rowAt[row]! + 4 + (n >> 1)]! |= 0xf0;
      filled.fill(99, rowAt[row]! + 4 + Math.ceil(n / 2), rowAt[row]! + rowBytes(n));
    }
    expect(validateUpdate(filled, expected).norm).toBe(validateUpdate(update(), expected).norm);
  });
});

describe("an int4 update", () => {
  it("of another length is refused: truncated anywhere, with bytes behind it, and one of another encoding", () => {
    const whole = update();
    for (let end = 0; end < length; end++)
      expect(refusal(whole.subarray(0, end))).toContain(`${end} bytes instead of ${length}`);
    for (const extra of [1, 3, 4, 240]) refusal(Buffer.concat([whole, new Uint8Array(extra)]));
    for (const encoding of ["int8", "f32", { topK: 192 }] as const)
      expect(refusal(whole, { encoding })).toContain(`has ${length} bytes instead of `);
  });

  it("that names another encoding is refused", () => {
    for (const wrong of [0, 1, 2, 3, 5, 65536 + 4, 0xffffffff])
      expect(refusal(update(1, wrong))).toContain(`names encoding ${wrong} instead of 4`);
  });

  it("is refused with a scale that is not finite, negative, or of which an element of 7 alone is too much", () => {
    for (const [row, at] of rowAt.entries())
      for (const element of [0, 0x77])
        for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1e-9, 1.43, 1e30]) {
          const bytes = update();
          new DataView(bytes.buffer).setFloat32(at, scale, true);
          bytes.fill(element, at + 4, at + 4 + Math.ceil(rowsInAll[row]! / 2));
          expect(refusal(bytes)).toContain("has a scale of ");
        }
    const largest = update();
    new DataView(largest.buffer).setFloat32(rowAt[6]!, 1.42, true); // 7 times that are 9.94
    largest[rowAt[6]! + 4] = 0x07;
    expect(validateUpdate(largest, expected).norm).toBeGreaterThan(9.9);
  });

  it("of random bytes passes exactly when its scales and its norm are right", () => {
    let passed = 0;
    const body = fc.uint8Array({ minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(body, fc.integer({ min: 1, max: 1e6 }), fc.nat(6), fc.nat(12), (random, seed, row, part) => {
        const bytes = update(seed);
        bytes.set(random.subarray(0, 1 + (part % 4)), rowAt[row]! + (part < 9 ? 4 : 0));
        const view = new DataView(bytes.buffer);
        const scales = rowAt.map((at) => view.getFloat32(at, true));
        const norm = Math.hypot(...int4DeltaOf(bytes.subarray(headerBytes), plan).values());
        if (scales.every((scale) => scale >= 0 && scale * 7 <= 10) && norm <= 10) {
          validateUpdate(bytes, expected);
          passed++;
        } else refusal(bytes);
      }),
      sweep(2000),
    );
    expect(passed).toBeGreaterThan(50);
  });
});
