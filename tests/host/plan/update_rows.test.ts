// Top-k rows by the guest's own kernels against a judge that sorts, over every length and share: of the int8 row as the host encodes it
// (slice.test.ts holds that to the guest) the largest elements, the first of equal ones, and what is left out whole in the residual. And what
// the host makes of them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { bytesOf, eachRow, encodeRows, rowsBytes } from "../../../host/plan/slice.ts";
import {
  bitMapFault,
  encodingWord,
  expandTopK,
  foldedRows,
  keptElements,
  updateRowsBytes,
} from "../../../host/plan/update_rows.ts";
import { encodeUpdateHeader, keptMax } from "../../../host/wire/spec.gen.ts";
import { type Bench, bench } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { sweep } from "./random_models.ts";
import { benchOf, cases, encodedRows, type Row, rowOf } from "./row_bench.ts";

const wasm = await kernels();
const f = Math.fround;

/** The judge: of d's int8 row, what top-k sends and what it leaves. */
function sorted(d: Float32Array, int8: Uint8Array, topK: number): Row {
  const n = d.length;
  const view = new DataView(int8.buffer, int8.byteOffset, int8.byteLength);
  const q = Array.from(d, (_, i) => view.getInt8(4 + i));
  const order = q.map((_, i) => i).sort((a, b) => Math.abs(q[b]!) - Math.abs(q[a]!) || a - b);
  const kept = order.slice(0, Math.max(1, Math.ceil((n * topK) / 256))).sort((a, b) => a - b);
  const map = new Uint8Array(Math.ceil(n / 8));
  for (const i of kept) map[i >> 3]! |= 1 << (i & 7);
  const said = Buffer.concat([int8.subarray(0, 4), map, Uint8Array.from(kept, (i) => q[i]!)]);
  const row = Buffer.alloc(4 * Math.ceil(said.length / 4));
  row.set(said);
  const residual = Float32Array.from(d);
  for (const i of kept) residual[i] = d[i]! - f(q[i]! * view.getFloat32(0, true));
  return { row, residual };
}

/** Differences of a row: many magnitudes, many equal, zeros. */
function differences(count: number, random: () => number): Float32Array {
  const size = 10 ** (random() * 10 - 8);
  const equal = random();
  return Float32Array.from({ length: count }, () => {
    const draw = random();
    if (draw < 0.1) return 0;
    return draw < equal ? size * (Math.floor(random() * 9) - 4) : size * (random() * 2 - 1);
  });
}

const guestRows = (b: Bench, d: Float32Array, topK: number, carried?: Float32Array) =>
  encodedRows(b, d, { topK }, carried);

function expectSorted(b: Bench, d: Float32Array, topK: number, got: Row[]): void {
  const int8 = encodeRows(b.plan, d);
  let row = 0;
  eachRow(b.plan, (first, elements, byte) => {
    const expected = sorted(d.subarray(first, first + elements), int8.subarray(byte), topK);
    const { row: bytes, residual } = got[row++]!;
    const what = `${topK} of 256, ${elements} elements`;
    expect(Buffer.from(bytes).toString("hex"), what).toBe(Buffer.from(expected.row).toString("hex"));
    expect(Buffer.compare(bytesOf(residual), bytesOf(expected.residual)), what).toBe(0);
  });
}

const shares = [1, 2, 31, 32, 33, 64, 127, 128, 191, keptMax];
describe("top-k rows", () => {
  it("have the largest elements of each row, whatever its length and the share", () => {
    for (let n = 1; n <= 300; n++) {
      const b = rowOf(n);
      const random = seeded(n);
      const drawn = 1 + Math.floor(random() * keptMax);
      for (const topK of [...shares, drawn]) {
        const d = differences(b.plan.sliceCount, random);
        expectSorted(b, d, topK, guestRows(b, d, topK));
      }
    }
  });

  it("are those of every row of a plan, with what earlier updates left over", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: keptMax }), (c, topK) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const random = seeded(c.seed);
        const change = differences(b.plan.sliceCount, random);
        const carried = differences(b.plan.sliceCount, random);
        const d = change.map((v, i) => v + carried[i]!);
        expectSorted(b, d, topK, guestRows(b, change, topK, carried));
      }),
      sweep(100),
    );
  });

  it("lose nothing: what they say and what they leave is the difference, to the last bit", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: keptMax }), (c, topK) => {
        const b = benchOf(c);
        if (b.plan.sliceCount === 0) return;
        const d = differences(b.plan.sliceCount, seeded(c.seed));
        const got = guestRows(b, d, topK);
        const int8 = expandTopK(b.plan, topK, Buffer.concat(got.map(({ row }) => row)));
        const view = new DataView(int8.buffer);
        let row = 0;
        eachRow(b.plan, (first, elements, byte) => {
          const { residual } = got[row++]!;
          for (let i = 0; i < elements; i++) {
            const said = f(view.getFloat32(byte, true) * view.getInt8(byte + 4 + i));
            expect(said + residual[i]!).toBe(d[first + i]);
          }
        });
      }),
      sweep(60),
    );
  });

  it("keep as many, all 0, of a row that says nothing or has no numbers, and leave it as it is", () => {
    const b = rowOf(21);
    for (const bad of [0, 1e-36, Number.NaN, Number.POSITIVE_INFINITY]) {
      const d = Float32Array.from({ length: 22 }, (_, i) => (i === 13 ? bad : i === 5 && bad > 1 ? 3 : 0));
      const [{ row, residual }] = guestRows(b, d, 64) as [Row];
      expect([...row]).toEqual([0, 0, 0, 0, 0b111111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      expect(Buffer.compare(bytesOf(residual), bytesOf(d.subarray(0, 21)))).toBe(0);
    }
  });

  it("are refused with a share that none keeps", () => {
    const b = rowOf(8);
    for (const topK of [keptMax + 1, 255, 256, 0xffff])
      expect(() => b.guest.encodeRow(0, false, { topK })).toThrow(expect.objectContaining({ code: "argument" }));
  });

  it("are never longer than int8 rows, so that every plan has room to encode them", () => {
    for (let n = 1; n <= 70_000; n += n < 1000 ? 1 : 997) {
      const plan = { segments: [{ parameter: "w", rows: 1, rowElements: n, sliceOffset: 0 }], runs: [], sliceCount: n };
      const int8 = rowsBytes(plan);
      for (const topK of shares) {
        const bytes = updateRowsBytes(plan, { topK });
        expect(bytes).toBeLessThanOrEqual(int8);
        const said = 4 + Math.ceil(n / 8) + Math.ceil((n * topK) / 256);
        expect(bytes).toBe(4 * Math.ceil(said / 4));
      }
    }
  });
});

describe("the host", () => {
  const topK = 32;
  const b = bench(
    wasm,
    { name: "two", kind: "classifier", input: { shape: [19], type: "f32" }, layers: [{ kind: "dense", units: 3 }] },
    { selection: "all" },
    1,
  );
  const d = differences(b.plan.sliceCount, seeded(5));
  const rows = Buffer.concat(guestRows(b, d, topK).map(({ row }) => row));

  it("makes int8 rows of them, of which what was left out is 0", () => {
    const int8 = encodeRows(b.plan, d);
    const expanded = expandTopK(b.plan, topK, rows);
    expect(expanded).toHaveLength(int8.length);
    let row = 0;
    let lost = 0;
    eachRow(b.plan, (_first, elements, byte) => {
      expect(expanded.subarray(byte, byte + 4)).toEqual(int8.subarray(byte, byte + 4));
      const out = (i: number) => expanded[byte + 4 + i] !== int8[byte + 4 + i];
      const left = Array.from({ length: elements }, (_, i) => i).filter(out);
      for (const i of left) expect(expanded[byte + 4 + i]).toBe(0);
      expect(left.length).toBeLessThanOrEqual(elements - keptElements(elements, topK));
      lost += left.length;
      row++;
    });
    expect(row).toBe(3 + 1);
    expect(lost).toBeGreaterThan(20);
  });

  it("knows from its header whether an update has such rows", () => {
    const header = (encoding: number) =>
      encodeUpdateHeader({
        ...{ run: 1, task: 1, baseVersion: 1, planCrc: 1, samples: 1, steps: 1, lossFirst: 0, lossLast: 0 },
        ...{ rows: 4, count: b.plan.sliceCount, encoding },
      });
    expect(encodingWord({ topK })).toBe(3 + 32 * 65536);
    const update = Buffer.concat([header(encodingWord({ topK })), rows]);
    expect(foldedRows(b.plan, update)).toEqual(expandTopK(b.plan, topK, rows));
    for (const encoding of ["int8", "f32"] as const) {
      const other = Buffer.concat([header(encodingWord(encoding)), Uint8Array.of(1, 2, 3)]);
      expect([...foldedRows(b.plan, other)]).toEqual([1, 2, 3]);
    }
  });

  it("sees every bit of a bit map that is wrong", () => {
    expect(bitMapFault(b.plan, topK, rows)).toBeUndefined();
    let at = 0;
    for (const { rows: count, rowElements: n } of b.plan.segments)
      for (let row = 0; row < count; row++) {
        for (let i = 0; i < 8 * Math.ceil(n / 8); i++) {
          const wrong = Uint8Array.from(rows);
          wrong[at + 4 + (i >> 3)]! ^= 1 << (i & 7);
          expect(bitMapFault(b.plan, topK, wrong)).toMatch(
            i < n ? /^names \d+ of a row's \d+ elements instead of \d+$/ : /^names elements beyond a row's \d+$/,
          );
        }
        at += 4 * Math.ceil((4 + Math.ceil(n / 8) + keptElements(n, topK)) / 4);
      }
    expect(at).toBe(rows.length);
  });
});
