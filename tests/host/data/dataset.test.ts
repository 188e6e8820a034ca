// Parts, packing and normalisation of a data set against byte by byte and two-pass references.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalisationOf, packElements, packRecords, sampleBytes, subset } from "../../../host/data/dataset.ts";
import { seeded } from "../../../host/data/random.ts";
import type { Dataset } from "../../../host/data/types.ts";
import { sweep } from "../plan/random_models.ts";

const arrays = { u8: Uint8Array, i16: Int16Array, f32: Float32Array } as const;
const bytesOfType = { u8: 1, i16: 2, f32: 4 } as const;

function dataset(type: Dataset["type"], shape: number[], count: number, value: (i: number) => number): Dataset {
  const n = shape.reduce((a, b) => a * b, 1);
  const elements = new arrays[type](count * n);
  for (let i = 0; i < elements.length; i++) elements[i] = value(i);
  return {
    name: "made",
    shape,
    type,
    count,
    elements,
    labels: Uint16Array.from({ length: count }, (_, i) => (i * 257) & 0xffff),
    users: Uint16Array.from({ length: count }, (_, i) => i + 3),
    classes: ["a", "b"],
  };
}

const types = fc.constantFrom("u8", "i16", "f32" as const);
const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });

describe("packing", () => {
  it("lays each sample's elements down in the sensor's type, little endian, padded with zeros to 4 bytes", () => {
    fc.assert(
      fc.property(types, shapes, fc.nat(5), fc.nat(1000), (type, shape, count, seed) => {
        const random = seeded(seed);
        const data = dataset(type, shape, count, () => Math.floor(random() * 60_000) - 30_000);
        const n = shape.reduce((a, b) => a * b, 1);
        const stride = 4 * Math.ceil((n * bytesOfType[type]) / 4);
        expect(sampleBytes(data)).toBe(stride);
        const packed = packElements(data);
        const records = packRecords(data);
        expect(packed.length).toBe(count * stride);
        expect(records.length).toBe(count * (4 + stride));
        const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
        const read = { u8: view.getUint8, i16: view.getInt16, f32: view.getFloat32 }[type].bind(view);
        for (let i = 0; i < count; i++) {
          for (let k = 0; k < n; k++)
            expect(read(i * stride + k * bytesOfType[type], true)).toBe(data.elements[i * n + k]);
          for (let at = n * bytesOfType[type]; at < stride; at++) expect(packed[i * stride + at]).toBe(0);
          const record = records.subarray(i * (4 + stride), (i + 1) * (4 + stride));
          const label = data.labels[i]!;
          expect([...record.subarray(0, 4)]).toEqual([label & 0xff, label >> 8, 0, 0]);
          expect([...record.subarray(4)]).toEqual([...packed.subarray(i * stride, (i + 1) * stride)]);
        }
      }),
      sweep(150),
    );
  });
});

describe("a part of a data set", () => {
  it("holds the named samples in that order, with their labels and users, and leaves the whole alone", () => {
    for (const type of ["u8", "i16", "f32"] as const) {
      const whole = dataset(type, [3], 6, (i) => i);
      const part = subset(whole, [4, 0, 4]);
      expect(part).toMatchObject({ count: 3, shape: [3], type, classes: ["a", "b"] });
      expect([...part.elements]).toEqual([12, 13, 14, 0, 1, 2, 12, 13, 14]);
      expect([...part.labels]).toEqual([1028, 0, 1028]);
      expect([...part.users]).toEqual([7, 3, 7]);
      expect(part.elements.constructor).toBe(arrays[type]);
      part.elements.fill(9);
      expect(whole.elements[12]).toBe(12);
      expect(subset(whole, []).count).toBe(0);
    }
  });
});

describe("normalisation", () => {
  it("gives every channel mean 0 and deviation 1 over the data that it was learned on", () => {
    fc.assert(
      fc.property(types, fc.integer({ min: 1, max: 4 }), fc.nat(1000), (type, channels, seed) => {
        const random = seeded(seed);
        const level = Array.from({ length: channels }, () => 20 + random() * 60);
        const data = dataset(type, [7, channels], 20, (i) => level[i % channels]! * (0.5 + random()));
        const { scale, offset } = normalisationOf(data);
        expect([scale.length, offset.length]).toEqual([channels, channels]);
        for (let c = 0; c < channels; c++) {
          const own = [...data.elements].filter((_, i) => i % channels === c).map((v) => v * scale[c]! + offset[c]!);
          const mean = own.reduce((a, b) => a + b, 0) / own.length;
          const variance = own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length;
          expect(mean).toBeCloseTo(0, 9);
          expect(variance).toBeCloseTo(1, 9);
        }
      }),
      sweep(100),
    );
  });

  it("keeps the scale of a channel that never moves, whatever its value", () => {
    for (const value of [0, 0.1, -0.3, 1 / 3, 101_325.7, 1e-9, -1e9]) {
      const { scale, offset } = normalisationOf(dataset("f32", [5, 1], 1000, () => value));
      expect(scale).toEqual([1]);
      expect(Math.abs(Math.fround(value) + offset[0]!)).toBeLessThanOrEqual(1e-9 * Math.abs(value));
    }
  });

  it("does not lose a small movement on a high level", () => {
    const { scale } = normalisationOf(dataset("f32", [2, 1], 500, (i) => 101_325 + (i % 2))); // air pressure in Pa
    expect(scale[0]).toBeCloseTo(2, 6); // half the time 1 above: deviation 1/2
  });

  it("of no data is none", () => {
    expect(normalisationOf(dataset("i16", [4, 2], 0, () => 0))).toEqual({ scale: [1, 1], offset: [-0, -0] });
  });
});
