// Guests whose rows are looked at: with random plans, or with one row of a length, and what they encode.

import fc from "fast-check";
import type { Model } from "../../../host/plan/types.ts";
import type { Quantised } from "../../../host/plan/update_rows.ts";
import { Region } from "../../../host/wire/spec.gen.ts";
import { type Bench, bench } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { picks, randomModel, selectionFrom } from "./random_models.ts";

const wasm = await kernels();

export const cases = fc.record({ model: randomModel, p: picks, seed: fc.integer({ min: 1, max: 1e6 }) });

/** Of one of the cases. */
export const benchOf = ({ model, p, seed }: { model: Model; p: number[]; seed: number }): Bench =>
  bench(wasm, model, { selection: selectionFrom(model, p) }, seed);

/** One row of n elements, and one of its bias. */
export const rowOf = (n: number): Bench =>
  bench(
    wasm,
    { name: "row", kind: "classifier", input: { shape: [n], type: "f32" }, layers: [{ kind: "dense", units: 1 }] },
    { selection: "all" },
    n,
  );

export interface Row {
  row: Uint8Array;
  residual: Float32Array;
}

/** What the guest encodes of a state that is `d` away from its slice, as training would have left it, `carried` included where it is given. */
export function encodedRows(b: Bench, d: Float32Array, encoding: Quantised, carried?: Float32Array): Row[] {
  b.guest.load(Region.slice, new Float32Array(d.length));
  if (carried) b.guest.load(Region.residual, carried);
  b.guest.start();
  b.guest.state().set(d);
  const rows = b.plan.segments.flatMap((s) => Array(s.rows).fill(0));
  return rows.map((_, row) => b.guest.encodeRow(row, carried !== undefined, encoding));
}
