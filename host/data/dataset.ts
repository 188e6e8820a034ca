// Working with a data set in memory: parts of it, its normalisation, its samples as a board stores them.

import type { Normalisation } from "../plan/types.ts";
import { type Dataset, sampleHeaderBytes } from "./types.ts";

export const elementsPerSample = (data: Pick<Dataset, "shape">): number => data.shape.reduce((a, b) => a * b, 1);
const elementBytes = { u8: 1, i16: 2, f32: 4 } as const;

/** Bytes of one sample's elements, padded to 4. */
export const sampleBytes = (data: Pick<Dataset, "shape" | "type">): number =>
  (elementsPerSample(data) * elementBytes[data.type] + 3) & ~3;

/** The named samples, in that order. */
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  const n = elementsPerSample(data);
  const elements = new (data.elements.constructor as Uint8ArrayConstructor)(indices.length * n) as Dataset["elements"];
  const labels = new Uint16Array(indices.length);
  const users = new Uint16Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]!;
    elements.set(data.elements.subarray(from * n, (from + 1) * n), i * n);
    labels[i] = data.labels[from]!;
    users[i] = data.users[from]!;
  }
  return { ...data, count: indices.length, elements, labels, users };
}

/** `count` samples at most: at even distances in the order of their labels and then their own, so that classes, and users in a row, keep their shares. */
export function thinned(data: Dataset, count: number): Dataset {
  if (count >= data.count) return data;
  const order = [...data.labels.keys()].sort((a, b) => data.labels[a]! - data.labels[b]! || a - b);
  return subset(
    data,
    Array.from({ length: count }, (_, k) => order[Math.floor(((k + 0.5) * data.count) / count)]!),
  );
}

/** A deviation below this share of the mean is rounding: on the board, x * scale + offset is computed in f32. */
const stillness = 1e-6;

/** Mean 0 and deviation 1 per channel, learned on this data: give training users only. A channel that never moves keeps its scale. */
export function normalisationOf(data: Dataset): Normalisation {
  const channels = data.shape.at(-1)!;
  const perChannel = Math.max(1, data.elements.length / channels);
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  data.elements.forEach((v, i) => {
    mean[i % channels]! += v / perChannel;
  });
  data.elements.forEach((v, i) => {
    variance[i % channels]! += (v - mean[i % channels]!) ** 2 / perChannel;
  });
  const deviation = variance.map((v, c) => (Math.sqrt(v) > stillness * Math.abs(mean[c]!) ? Math.sqrt(v) : 1));
  return { scale: [...deviation].map((d) => 1 / d), offset: [...mean].map((m, c) => -m / deviation[c]!) };
}

/** Every sample's elements, one after the other, each padded to 4 bytes: what the kernels read. */
export function packElements(data: Dataset): Uint8Array {
  const n = elementsPerSample(data);
  const stride = sampleBytes(data);
  const raw = n * elementBytes[data.type];
  const source = new Uint8Array(data.elements.buffer, data.elements.byteOffset, data.elements.byteLength);
  if (raw === stride) return source;
  const out = new Uint8Array(data.count * stride);
  for (let i = 0; i < data.count; i++) out.set(source.subarray(i * raw, (i + 1) * raw), i * stride);
  return out;
}

/** Samples as a board records them: label u16, two zero bytes, the elements, padded to 4. One after the other. */
export function packRecords(data: Dataset): Uint8Array {
  const stride = sampleBytes(data);
  const elements = packElements(data);
  const out = new Uint8Array(data.count * (sampleHeaderBytes + stride));
  const view = new DataView(out.buffer);
  for (let i = 0; i < data.count; i++) {
    const at = i * (sampleHeaderBytes + stride);
    view.setUint16(at, data.labels[i]!, true);
    out.set(elements.subarray(i * stride, (i + 1) * stride), at + sampleHeaderBytes);
  }
  return out;
}
