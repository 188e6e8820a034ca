// The rows of an update as they travel (docs/wire.md): int8 or f32 as slice.ts has them; int4, two elements in a byte; or top-k, which names the
// largest elements of each row in a bit map and has no others. Says how long they are, and makes int8 rows of int4 and top-k ones, which is what
// the server computes with. Quantises nothing: boards do (firmware/assembly/blas/encoding.ts), and slice.ts what they get.

import { decodeUpdateHeader, RowEncoding, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { eachRow, type RowElements, rowsBytes, type SliceLayout } from "./slice.ts";

/** How a run's boards encode the rows of their updates. `topK`: of 256 elements of a row so many are kept, from 1 to keptMax of the spec. */
export type UpdateEncoding = "int8" | "int4" | "f32" | { topK: number };

/** Those whose rows have a scale, and leave a residual. */
export type Quantised = Exclude<UpdateEncoding, "f32">;

/** What the elements of its rows are, of updates and of deltas, the slices that go down as their difference from what a board holds. */
export const elementsOf = (encoding: Quantised): RowElements => (encoding === "int4" ? "int4" : "int8");

/** What updates are summed as. */
export const foldedAs = (encoding: UpdateEncoding): "int8" | "f32" => (encoding === "f32" ? "f32" : "int8");

/** The encoding as a board is told it, and as UpdateHeader names it: RowEncoding, and above its 16 bits how many of 256 elements are kept. */
export const encodingWord = (encoding: UpdateEncoding): number =>
  typeof encoding === "string" ? RowEncoding[encoding] : (encoding.topK << 16) | RowEncoding.topK;

/** How many elements a top-k row of so many has: one at least. */
export const keptElements = (elements: number, topK: number): number => Math.ceil((elements * topK) / 256);

const padded = (count: number) => (count + 3) & ~3;
const bitMapBytes = (elements: number) => (elements + 7) >> 3;
const int4RowBytes = (elements: number) => 4 + padded((elements + 1) >> 1);
const topKRowBytes = (elements: number, topK: number) =>
  4 + padded(bitMapBytes(elements) + keptElements(elements, topK));

/** Bytes of an update's rows. */
export function updateRowsBytes(plan: SliceLayout, encoding: UpdateEncoding): number {
  if (encoding === "f32") return plan.sliceCount * 4;
  if (encoding === "int8") return rowsBytes(plan);
  const rowBytes = (elements: number) =>
    encoding === "int4" ? int4RowBytes(elements) : topKRowBytes(elements, encoding.topK);
  return plan.segments.reduce((sum, s) => sum + s.rows * rowBytes(s.rowElements), 0);
}

/** Calls `visit` for every row of an update: where it lies among the others, where the int8 row does that says the same, and its elements. */
function eachUpdateRow(
  plan: SliceLayout,
  rowBytes: (elements: number) => number,
  visit: (at: number, int8At: number, elements: number) => void,
): void {
  let at = 0;
  eachRow(plan, (_first, elements, int8At) => {
    visit(at, int8At, elements);
    at += rowBytes(elements);
  });
}

/** int4 rows of int8 rows whose elements are between -8 and 7: the first of two elements is the lower half of their byte. */
export function packInt4(plan: SliceLayout, rows: Uint8Array): Uint8Array {
  const out = new Uint8Array(updateRowsBytes(plan, "int4"));
  eachUpdateRow(plan, int4RowBytes, (at, int8At, elements) => {
    out.set(rows.subarray(int8At, int8At + 4), at); // the scale
    for (let i = 0; i < elements; i++) out[at + 4 + (i >> 1)]! |= (rows[int8At + 4 + i]! & 15) << (4 * (i & 1));
  });
  return out;
}

/** int8 rows of int4 rows. */
export function expandInt4(plan: SliceLayout, rows: Uint8Array): Uint8Array {
  const out = new Uint8Array(rowsBytes(plan));
  eachUpdateRow(plan, int4RowBytes, (at, int8At, elements) => {
    out.set(rows.subarray(at, at + 4), int8At);
    for (let i = 0; i < elements; i++) {
      const half = rows[at + 4 + (i >> 1)]! >> (4 * (i & 1));
      out[int8At + 4 + i] = (half << 28) >> 28; // with its sign
    }
  });
  return out;
}

/** A top-k row: where it lies among the others, and where the int8 row does that says the same. */
interface TopKRow {
  at: number;
  int8At: number;
  elements: number;
  kept: number;
}

function eachTopKRow(plan: SliceLayout, topK: number, visit: (row: TopKRow) => void): void {
  const rowBytes = (elements: number) => topKRowBytes(elements, topK);
  eachUpdateRow(plan, rowBytes, (at, int8At, elements) => {
    visit({ at, int8At, elements, kept: keptElements(elements, topK) });
  });
}

/** Whether bit `i` of the row's bit map is set. */
const hasBit = (rows: Uint8Array, { at }: TopKRow, i: number) => ((rows[at + 4 + (i >> 3)]! >> (i & 7)) & 1) === 1;

/** What is wrong with the bit map of a top-k row, for a message; undefined when each names as many of its row's elements as it keeps. */
export function bitMapFault(plan: SliceLayout, topK: number, rows: Uint8Array): string | undefined {
  let fault: string | undefined;
  eachTopKRow(plan, topK, (row) => {
    let named = 0;
    let beyond = 0;
    for (let i = 0; i < 8 * bitMapBytes(row.elements); i++)
      if (hasBit(rows, row, i)) i < row.elements ? named++ : beyond++;
    if (named !== row.kept) fault ??= `names ${named} of a row's ${row.elements} elements instead of ${row.kept}`;
    if (beyond > 0) fault ??= `names elements beyond a row's ${row.elements}`;
  });
  return fault;
}

/** int8 rows of top-k rows whose bit maps are right: elements that were not kept are 0. */
export function expandTopK(plan: SliceLayout, topK: number, rows: Uint8Array): Uint8Array {
  const out = new Uint8Array(rowsBytes(plan));
  eachTopKRow(plan, topK, (row) => {
    const { at, int8At, elements } = row;
    out.set(rows.subarray(at, at + 4), int8At); // the scale
    let next = at + 4 + bitMapBytes(elements);
    for (let i = 0; i < elements; i++) if (hasBit(rows, row, i)) out[int8At + 4 + i] = rows[next++]!;
  });
  return out;
}

/** The rows of a valid update as they are summed: as they came, or int8 rows of int4 and top-k ones. */
export function foldedRows(plan: SliceLayout, update: Uint8Array): Uint8Array {
  const { encoding } = decodeUpdateHeader(update);
  const rows = update.subarray(UpdateHeaderBytes);
  if (encoding === RowEncoding.int4) return expandInt4(plan, rows);
  return (encoding & 0xffff) === RowEncoding.topK ? expandTopK(plan, encoding >>> 16, rows) : rows;
}
