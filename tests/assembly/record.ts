// Records what the kernels answer in Node, in the form of record.h, for engines to replay.

import type { Model } from "../../host/plan/types.ts";
import type { Bench } from "../host/plan/bench.ts";

/** Training steps in a record. */
const steps = 4;
/** Of 256 elements, what top-k rows keep. */
const kept = [1, 32, 192];

const padded = (bytes: Uint8Array, unit: number) => {
  const out = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  out.set(bytes);
  return out;
};
const bytesOf = (a: Float32Array | Uint32Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** Everything that the bench's model and plan are asked, and the answers. */
export function record(b: Bench, model: Model): Uint8Array {
  const rows = b.plan.segments.reduce((sum, s) => sum + s.rows, 0);
  const samples = Float32Array.from(b.samples.flatMap((s) => [...s]));
  const trains = b.plan.sliceCount > 0 ? steps : 0;
  const head = Uint32Array.of(
    b.plan.binary.length,
    b.frozen.length,
    b.slice.byteLength,
    b.stride,
    b.samples.length,
    trains,
    rows,
    0,
  );
  const parts = [
    bytesOf(head),
    ...[b.plan.binary, b.frozen, bytesOf(b.slice), bytesOf(samples)].map((p) => padded(p, 16)),
  ];
  b.guest.start();
  b.samples.forEach((_, i) => {
    const at = i * b.stride;
    if (model.kind === "autoencoder") parts.push(bytesOf(Float32Array.of(b.guest.score(at))));
    else parts.push(bytesOf(Uint32Array.of(b.guest.infer(at))));
  });
  for (let i = 0; i < trains; i++)
    parts.push(bytesOf(Float32Array.of(b.guest.step((i % b.samples.length) * b.stride, i % 2, 0.05))));
  parts.push(bytesOf(b.guest.state().slice()));
  for (let row = 0; row < rows; row++) {
    const quantised = (["int8", "int4", ...kept.map((topK) => ({ topK }))] as const).map((encoding) => {
      const { row: encoded, residual } = b.guest.encodeRow(row, false, encoding);
      return Buffer.concat([encoded, bytesOf(residual)]);
    });
    for (const all of [...quantised, b.guest.encodeRowF32(row)])
      parts.push(bytesOf(Uint32Array.of(all.length)), padded(all, 4));
  }
  return Buffer.concat(parts);
}
