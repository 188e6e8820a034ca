// The slice and its encoding on the host against the guest's own kernels, bit for bit: what the host believes a board holds is what it holds.

import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import {
  applyRows,
  bytesOf,
  decodeSlice,
  eachRow,
  encodeDelta,
  encodeRows,
  encodeSlice,
  gatherSlice,
  rowsBytes,
  scatterSlice,
} from "../../../host/plan/slice.ts";
import { updateRowsBytes } from "../../../host/plan/update_rows.ts";
import { decodeDeltaHeader, decodeSliceHeader, Region } from "../../../host/wire/spec.gen.ts";
import { type Bench, bench, places } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { sweep } from "./random_models.ts";
import { benchOf, cases, encodedRows } from "./row_bench.ts";

const wasm = await kernels();

/** Values over many magnitudes, with zeros, exact ties of the rounding and rows that say nothing. */
function differences(count: number, random: () => number): Float32Array {
  const size = 10 ** (random() * 12 - 9);
  return Float32Array.from({ length: count }, () => {
    const draw = random();
    if (draw < 0.1) return 0;
    if (draw < 0.2) return size * (Math.floor(random() * 9) - 4.5);
    return size * (random() * 2 - 1);
  });
}

const guestRows = (b: Bench, delta: Float32Array) => Buffer.concat(encodedRows(b, delta, "int8").map(({ row }) => row));

function guestDecoded(b: Bench, base: Float32Array, rows: Uint8Array): Float32Array {
  b.guest.load(Region.slice, base);
  b.guest.load(Region.delta, rows);
  const out: number[] = [];
  let row = 0;
  eachRow(b.plan, (_first, _elements, byte) => {
    out.push(...b.guest.decodeRow(row++, byte));
  });
  return Float32Array.from(out);
}

describe("rows of int8", () => {
  it("are encoded to the guest's bytes, and decoded to its bits", () => {
    let rows = 0;
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const random = seeded(c.seed);
        const delta = differences(b.plan.sliceCount, random);
        const encoded = encodeRows(b.plan, delta);
        expect(Buffer.compare(guestRows(b, delta), encoded)).toBe(0);
        const base = differences(b.plan.sliceCount, random);
        const decoded = applyRows(b.plan, base, encoded);
        expect(Buffer.compare(bytesOf(guestDecoded(b, base, encoded)), bytesOf(decoded))).toBe(0);
        rows += b.plan.segments.length;
      }),
      sweep(150),
    );
    expect(rows).toBeGreaterThan(200);
  });

  it("agree with the guest where a row is almost too small for a scale", () => {
    const b = bench(wasm, small, { selection: "all" }, 1);
    for (const scale of [1e-30, Math.fround(1e-30), 1.0000001e-30, 9.9e-31, 1e-38, 1e-44, 1e30]) {
      const delta = new Float32Array(b.plan.sliceCount).fill(Math.fround(scale * 127));
      expect(Buffer.compare(guestRows(b, delta), encodeRows(b.plan, delta)), `${scale}`).toBe(0);
    }
  });

  it("say no element wrong by more than half a step, and the largest of each row by nothing but rounding", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        const delta = differences(b.plan.sliceCount, seeded(c.seed));
        const decoded = applyRows(b.plan, new Float32Array(delta.length), encodeRows(b.plan, delta));
        eachRow(b.plan, (first, elements) => {
          const row = delta.subarray(first, first + elements);
          const largest = row.reduce((m, d) => Math.max(m, Math.abs(d)), 0);
          row.forEach((d, i) => {
            const wrong = Math.abs(decoded[first + i]! - d);
            expect(wrong).toBeLessThanOrEqual((largest / 127) * 0.50001 + 1e-28);
            if (Math.abs(d) === largest) expect(wrong).toBeLessThanOrEqual(largest * 3e-7 + 1e-28);
          });
        });
      }),
      sweep(100),
    );
  });

  it("cannot be made of what is not finite", () => {
    const { plan } = bench(wasm, small, { selection: "all" }, 1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (let i = 0; i < plan.sliceCount; i++) {
        const delta = new Float32Array(plan.sliceCount);
        delta[i] = bad;
        expect(() => encodeRows(plan, delta)).toThrow(expect.objectContaining({ code: "update-invalid" }));
      }
  });
});

const small: Parameters<typeof bench>[1] = {
  name: "small",
  kind: "classifier",
  input: { shape: [5], type: "f32" },
  layers: [
    { kind: "dense", units: 3, activation: "relu" },
    { kind: "dense", units: 2 },
  ],
};

describe("rows of f32", () => {
  it("are what the state is away from the slice, element by element, to the last bit", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const random = seeded(c.seed);
        const base = differences(b.plan.sliceCount, random);
        const state = differences(b.plan.sliceCount, random).map((v, i) => (random() < 0.5 ? base[i]! + v : v));
        b.guest.load(Region.slice, base);
        b.guest.start();
        b.guest.state().set(state);
        const rows = b.plan.segments.flatMap((s) => Array(s.rows).fill(0)).map((_, row) => b.guest.encodeRowF32(row));
        const expected = state.map((v, i) => v - base[i]!);
        expect(Buffer.compare(Buffer.concat(rows), bytesOf(expected))).toBe(0);
        expect(Buffer.concat(rows)).toHaveLength(updateRowsBytes(b.plan, "f32"));
      }),
      sweep(100),
    );
  });
});

describe("a slice", () => {
  it("takes its values from their places in the model, and puts them back there and nowhere else", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { plan } = benchOf(c);
        const parameters = Float32Array.from({ length: plan.parameterCount }, (_, i) => i + 1);
        const at = places(plan);
        const slice = gatherSlice(plan, parameters);
        expect([...slice]).toEqual(at.map((place) => place + 1));
        expect(new Set(at).size).toBe(at.length);
        const out = new Float32Array(plan.parameterCount);
        scatterSlice(plan, slice, out);
        const own = new Set(at);
        out.forEach((v, i) => {
          expect(v).toBe(own.has(i) ? i + 1 : 0);
        });
      }),
      sweep(100),
    );
  });

  it("has as many bytes of rows as the rows that it lists, each 4-aligned, one behind the other", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { plan } = benchOf(c);
        let element = 0;
        let end = 0;
        eachRow(plan, (first, elements, byte) => {
          expect([first, byte]).toEqual([element, end]);
          element += elements;
          end += 4 + 4 * Math.ceil(elements / 4);
        });
        expect([element, end]).toEqual([plan.sliceCount, rowsBytes(plan)]);
      }),
      sweep(100),
    );
  });

  it("travels whole with its version, count and little-endian values, or as rows with both checksums", () => {
    const { plan } = bench(wasm, small, { selection: "all" }, 1);
    const values = Float32Array.from({ length: plan.sliceCount }, (_, i) => i / 3);
    const whole = encodeSlice(77, values);
    expect(decodeSliceHeader(whole)).toEqual({ version: 77, count: plan.sliceCount });
    const view = new DataView(whole.buffer);
    values.forEach((v, i) => {
      expect(view.getFloat32(8 + 4 * i, true)).toBe(v);
    });
    const rows = encodeRows(plan, values);
    const from = { version: 76, crc: crc32(bytesOf(values)) };
    for (const [encoding, code] of [
      ["int8", 1],
      ["int4", 4],
    ] as const) {
      const delta = encodeDelta(from, { version: 77, crc: 5 }, rows, encoding);
      const header = { baseVersion: 76, baseCrc: from.crc, version: 77, crc: 5, encoding: code };
      expect(decodeDeltaHeader(delta)).toEqual(header);
      expect(delta.subarray(20)).toEqual(rows);
    }
  });

  it("is read where it lies, at any place in a buffer", () => {
    const slice = Float32Array.of(1.5, -2, 3e-9);
    const whole = encodeSlice(5, slice);
    expect(decodeSlice(whole)).toEqual(slice);
    decodeSlice(whole)[1] = 7;
    expect(decodeSlice(whole)[1]).toBe(7); // no copy
    for (const offset of [1, 2, 3, 4]) {
      const buffer = new Uint8Array(whole.length + 8);
      buffer.set(whole, offset);
      expect(decodeSlice(buffer.subarray(offset, offset + whole.length))).toEqual(decodeSlice(whole));
    }
  });
});

describe("what a board holds after many deltas", () => {
  it("stays within half a step of the model, because each delta makes up for the one before (error feedback)", () => {
    const { plan } = bench(wasm, small, { selection: "all" }, 1);
    const random = seeded(9);
    let target = differences(plan.sliceCount, random);
    let held = target;
    let step = 0;
    for (let version = 0; version < 200; version++) {
      target = target.map((v) => v + (random() - 0.5) * 0.01);
      const rows = encodeRows(
        plan,
        target.map((v, i) => v - held[i]!),
      );
      step = Math.max(...[...target].map((v, i) => Math.abs(v - held[i]!))) / 127;
      held = applyRows(plan, held, rows);
    }
    target.forEach((v, i) => {
      expect(Math.abs(v - held[i]!)).toBeLessThan(step * 0.51 + 1e-7);
    });
  });
});
