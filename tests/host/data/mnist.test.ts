// The IDX reader on files written here (yann.lecun.com/exdb/mnist: "the IDX file format"), and MNIST itself against published figures.

import { describe, expect, it } from "vitest";
import { normalisationOf } from "../../../host/data/dataset.ts";
import { mnist, parseIdx } from "../../../host/data/mnist.ts";

/** 0 0, type 8 for unsigned bytes, rank, sizes as big-endian 32-bit numbers, data. */
function idx(sizes: number[], data: number[], magic = [0, 0, 8, sizes.length]): Uint8Array {
  const bigEndian = (n: number) => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];
  return Uint8Array.from([...magic, ...sizes.flatMap(bigEndian), ...data]);
}

describe("an IDX file", () => {
  it("gives its sizes and its bytes, wherever it lies in memory", () => {
    const file = idx([2, 3], [1, 2, 3, 4, 5, 250]);
    const moved = new Uint8Array(file.length + 7);
    moved.set(file, 7);
    for (const bytes of [file, moved.subarray(7), Buffer.from(file)]) {
      const { sizes, data } = parseIdx(bytes, "f");
      expect(sizes).toEqual([2, 3]);
      expect([...data]).toEqual([1, 2, 3, 4, 5, 250]);
      expect(data.constructor).toBe(Uint8Array); // not a Buffer, whose constructor is deprecated and used by subset
    }
    expect(parseIdx(idx([258], Array(258).fill(1)), "f").sizes).toEqual([258]);
  });

  const wrong = expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(/^the\/file /) });

  it("is refused by name with another magic number", () => {
    for (const magic of [
      [1, 0, 8, 1],
      [0, 1, 8, 1],
      [0, 0, 9, 1], // signed bytes
      [0, 0, 13, 1], // floats
      [0x1f, 0x8b, 8, 1], // still compressed
    ])
      expect(() => parseIdx(idx([3], [1, 2, 3], magic), "the/file")).toThrow(wrong);
  });

  it("is refused by name when it is cut anywhere, or goes on", () => {
    const whole = idx([2, 3], [1, 2, 3, 4, 5, 6]);
    for (let length = 0; length < whole.length; length++)
      expect(() => parseIdx(whole.subarray(0, length), "the/file"), `${length} bytes`).toThrow(wrong);
    expect(() => parseIdx(Uint8Array.from([...whole, 0]), "the/file")).toThrow(wrong);
  });
});

describe("MNIST", () => {
  const { train, test } = mnist();

  it("has the published numbers of digits", () => {
    const counts = (labels: Uint16Array) => Array.from({ length: 10 }, (_, d) => labels.filter((l) => l === d).length);
    expect(counts(train.labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(train).toMatchObject({ shape: [28, 28, 1], type: "u8", count: 60_000, classes: [..."0123456789"] });
  });

  it("has the published mean 0.1307 and deviation 0.3081 of its training pixels", () => {
    const { scale, offset } = normalisationOf(train);
    expect(1 / scale[0]! / 255).toBeCloseTo(0.3081, 4);
    expect(-offset[0]! / scale[0]! / 255).toBeCloseTo(0.1307, 4);
  });

  it("is thinned out evenly when fewer are asked for", () => {
    const few = mnist({ train: 6, test: 100 });
    expect([few.train.count, few.test.count]).toEqual([6, 100]);
    for (let i = 0; i < 6; i++) {
      expect(few.train.labels[i]).toBe(train.labels[i * 10_000]);
      expect([...few.train.elements.subarray(i * 784, (i + 1) * 784)]).toEqual([
        ...train.elements.subarray(i * 10_000 * 784, (i * 10_000 + 1) * 784),
      ]);
    }
  });
});
