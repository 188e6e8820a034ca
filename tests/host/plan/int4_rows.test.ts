// int4 rows by the guest's own kernels against a judge that rounds numbers and writes hexadecimal digits, over every length; and the host's
// packing of them against the same. Deltas of int4 rows come back as the host believes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { applyRows, bytesOf, eachRow, encodeRows, rowsBytes } from "../../../host/plan/slice.ts";
import { encodingWord, expandInt4, foldedRows, packInt4, updateRowsBytes } from "../../../host/plan/update_rows.ts";
import { encodeUpdateHeader, Region } from "../../../host/wire/spec.gen.ts";
import type { Bench } from "./bench.ts";
import { sweep } from "./random_models.ts";
import { benchOf, cases, encodedRows, type Row, rowOf } from "./row_bench.ts";

const f = Math.fround;

/** The judge: element i is the (i mod 2)th hexadecimal digit, from the right, of its byte, in two's complement. */
function judged(d: Float32Array): Row {
  const most = d.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const step = Number.isFinite(most) ? f(most * f(1 / 7)) : 0;
  const scale = step > 1e-30 ? step : 0;
  const q = Array.from(d, (v) => {
    const ratio = scale > 0 ? f(v * f(1 / scale)) : 0;
    return Math.sign(ratio) * Math.floor(f(Math.abs(ratio) + 0.5));
  });
  expect(q.every((k) => Math.abs(k) <= 7)).toBe(true);
  const digits = q.map((k) => ((k + 16) % 16).toString(16));
  const pairs = Array.from({ length: Math.ceil(d.length / 2) }, (_, i) => (digits[2 * i + 1] ?? "0") + digits[2 * i]!);
  const row = new Uint8Array(4 + 4 * Math.ceil(pairs.length / 4));
  row.set(bytesOf(Float32Array.of(scale)));
  row.set(Buffer.from(pairs.join(""), "hex"), 4);
  return { row, residual: d.map((v, i) => v - f(q[i]! * scale)) };
}

/** Differences of a row: many magnitudes, ties of the rounding, zeros. */
function differences(count: number, random: () => number): Float32Array {
  const size = 10 ** (random() * 10 - 8);
  const tied = random();
  return Float32Array.from({ length: count }, () => {
    const draw = random();
    if (draw < 0.1) return 0;
    return draw < tied ? size * (Math.floor(random() * 15) / 2 - 3.5) : size * (random() * 2 - 1);
  });
}

const guestRows = (b: Bench, d: Float32Array, carried?: Float32Array) => encodedRows(b, d, "int4", carried);

function expectJudged(b: Bench, d: Float32Array, got: Row[]): void {
  let row = 0;
  eachRow(b.plan, (first, elements) => {
    const right = judged(d.subarray(first, first + elements));
    const { row: bytes, residual } = got[row++]!;
    expect(Buffer.from(bytes).toString("hex"), `${elements} elements`).toBe(Buffer.from(right.row).toString("hex"));
    expect(Buffer.compare(bytesOf(residual), bytesOf(right.residual)), `${elements} elements`).toBe(0);
  });
}

describe("int4 rows", () => {
  it("have two elements in each byte, whatever their length, and leave what they do not say", () => {
    for (let n = 1; n <= 300; n++) {
      const b = rowOf(n);
      const random = seeded(n);
      for (let draw = 0; draw < 6; draw++) {
        const d = differences(b.plan.sliceCount, random);
        expectJudged(b, d, guestRows(b, d));
      }
    }
  });

  it("are those of every row of a plan, with what earlier updates left over", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const random = seeded(c.seed);
        const change = differences(b.plan.sliceCount, random);
        const carried = differences(b.plan.sliceCount, random);
        const d = change.map((v, i) => v + carried[i]!);
        expectJudged(b, d, guestRows(b, change, carried));
      }),
      sweep(100),
    );
  });

  it("are all 0 of a row that says nothing or has no numbers, and leave it as it is", () => {
    const b = rowOf(21);
    for (const bad of [0, 1e-36, Number.NaN, Number.POSITIVE_INFINITY]) {
      const d = Float32Array.from({ length: 22 }, (_, i) => (i === 13 ? bad : i === 5 && bad > 1 ? 3 : 0));
      const [{ row, residual }] = guestRows(b, d) as [Row];
      expect([...row]).toEqual(Array(4 + 12).fill(0));
      expect(Buffer.compare(bytesOf(residual), bytesOf(d.subarray(0, 21)))).toBe(0);
    }
  });

  it("are as the host packs them, and it makes int8 rows of them again", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        const d = differences(b.plan.sliceCount, seeded(c.seed));
        const int8 = encodeRows(b.plan, d, "int4");
        const int4 = packInt4(b.plan, int8);
        expect(int4).toHaveLength(updateRowsBytes(b.plan, "int4"));
        expect(Buffer.compare(int4, Buffer.concat(guestRows(b, d).map(({ row }) => row)))).toBe(0);
        expect(Buffer.compare(expandInt4(b.plan, int4), int8)).toBe(0);
      }),
      sweep(100),
    );
  });

  it("of any bytes have elements from -8 to 7", () => {
    const plan = {
      segments: [{ parameter: "w", rows: 1, rowElements: 512, sliceOffset: 0 }],
      runs: [],
      sliceCount: 512,
    };
    const every = Uint8Array.from({ length: 4 + 256 }, (_, i) => (i < 4 ? 1 : i - 4));
    const rows = new Int8Array(expandInt4(plan, every).buffer);
    for (let byte = 0; byte < 256; byte++) {
      const signed = (digit: number) => (digit < 8 ? digit : digit - 16);
      expect([rows[4 + 2 * byte], rows[5 + 2 * byte]]).toEqual([signed(byte % 16), signed(Math.floor(byte / 16))]);
    }
    expect(Buffer.compare(packInt4(plan, new Uint8Array(rows.buffer)), every)).toBe(0);
  });

  it("are summed as int8 rows", () => {
    const b = rowOf(9);
    const rows = Buffer.concat(guestRows(b, differences(10, seeded(3))).map(({ row }) => row));
    const header = encodeUpdateHeader({
      ...{ run: 1, task: 1, baseVersion: 1, planCrc: 1, samples: 1, steps: 1, lossFirst: 0, lossLast: 0 },
      ...{ rows: 2, count: b.plan.sliceCount, encoding: encodingWord("int4") },
    });
    expect(encodingWord("int4")).toBe(4);
    expect(foldedRows(b.plan, Buffer.concat([header, rows]))).toEqual(expandInt4(b.plan, rows));
  });
});

describe("a delta of int4 rows", () => {
  it("gives the slice that the host believes, whatever the rows say", () => {
    fc.assert(
      fc.property(cases, (c) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const random = seeded(c.seed);
        const base = differences(b.plan.sliceCount, random);
        const int4 = Uint8Array.from({ length: updateRowsBytes(b.plan, "int4") }, () => Math.floor(random() * 256));
        let byte = 0;
        const places: number[] = [];
        eachRow(b.plan, (_first, elements) => {
          new DataView(int4.buffer).setFloat32(byte, random() * 1e-2, true);
          places.push(byte);
          byte += 4 + 4 * Math.ceil(elements / 8);
        });
        const region = new Uint8Array(rowsBytes(b.plan)); // as long as the bench's
        region.set(int4);
        b.guest.load(Region.slice, base);
        b.guest.load(Region.delta, region);
        const got = Float32Array.from(places.flatMap((at, row) => [...b.guest.decodeRow(row, at, "int4")]));
        expect(Buffer.compare(bytesOf(got), bytesOf(applyRows(b.plan, base, expandInt4(b.plan, int4))))).toBe(0);
      }),
      sweep(100),
    );
  });
});
