// The PNG decoder against pictures that are encoded here, by the recommendation's formulas and not by the decoder's: every filter type
// on its own and mixed, at sizes where borders count; and everything that it refuses.

import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodePng } from "../../../host/data/png.ts";
import { seeded } from "../../../host/data/random.ts";
import { encodePng, ihdr, png, predictions } from "./png.ts";

const noise = (bytes: number, seed: number) => {
  const random = seeded(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
};

/** Changes little from pixel to pixel, so that predictions come close, tie and wrap. */
const smooth = (bytes: number, seed: number) => noise(bytes, seed).map((byte, i) => 250 + (byte & 7) + (i >> 4));

describe("a PNG", () => {
  it("is decoded with each of the five filters, in rows of one pixel and of many", () => {
    for (const pixelsOf of [noise, smooth])
      for (const [width, height] of [
        [1, 1],
        [1, 5],
        [7, 1],
        [5, 4],
        [33, 6],
      ] as const)
        for (let filter = 0; filter < predictions.length; filter++) {
          const pixels = pixelsOf(width * height * 3, 10 * width + filter);
          const picture = decodePng(
            encodePng({ width, height, pixels }, () => filter),
            "p.png",
          );
          expect([picture.width, picture.height]).toEqual([width, height]);
          expect(picture.pixels, `${width}×${height}, filter ${filter}`).toEqual(pixels);
        }
  });

  it("is decoded with another filter in every row, and its data in many chunks between ancillary ones", () => {
    const [width, height] = [11, 25];
    const pixels = smooth(width * height * 3, 5);
    const file = encodePng({ width, height, pixels }, (y) => (3 * y + (y >> 2)) % 5, 40);
    expect(decodePng(file, "p.png").pixels).toEqual(pixels);
  });

  it("is decoded wherever it lies in memory", () => {
    const pixels = noise(12, 1);
    const file = encodePng({ width: 2, height: 2, pixels }, () => 4);
    const moved = new Uint8Array(file.length + 5);
    moved.set(file, 5);
    expect(decodePng(moved.subarray(5), "p.png").pixels).toEqual(pixels);
  });

  const refused = (file: Uint8Array, message: RegExp) =>
    expect(() => decodePng(file, "the/file.png")).toThrow(
      expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(message) }),
    );
  const rows = (bytes: number[]) => deflateSync(Uint8Array.from(bytes));

  it("of another form is refused: grey, palette, alpha, 16 bits, interlaced, empty", () => {
    const forms: Partial<Parameters<typeof ihdr>[2]>[] = [
      ...[0, 3, 4, 6].map((colour) => ({ colour })),
      { depth: 16 },
      { depth: 1 },
      { interlace: 1 },
    ];
    for (const form of forms) refused(png([["IHDR", ihdr(1, 1, form)]]), /^the\/file\.png has to be 8-bit RGB/);
    refused(png([["IHDR", ihdr(0, 1)]]), /has to be 8-bit RGB/);
  });

  it("is refused with a filter that there is not", () => {
    refused(
      png([
        ["IHDR", ihdr(1, 2)],
        ["IDAT", rows([0, 1, 2, 3, 5, 1, 2, 3])],
      ]),
      /has a filter 5 in row 1/,
    );
  });

  it("is refused with more or fewer pixels than its header says, or with none", () => {
    for (const bytes of [
      [0, 1, 2],
      [0, 1, 2, 3, 0],
    ])
      refused(
        png([
          ["IHDR", ihdr(1, 1)],
          ["IDAT", rows(bytes)],
        ]),
        /another number of pixels/,
      );
    refused(png([["IHDR", ihdr(1, 1)]]), /another number of pixels/);
  });

  it("is refused when another chunk comes first", () => {
    refused(
      png([
        ["IDAT", rows([0, 1, 2, 3])],
        ["IHDR", ihdr(1, 1)],
      ]),
      /begins with no header/,
    );
  });

  it("is refused when it is cut anywhere, or any bit of it flips", () => {
    const file = encodePng({ width: 3, height: 2, pixels: noise(18, 3) }, (y) => y);
    for (let length = 0; length < file.length; length++) refused(file.subarray(0, length), /no PNG|ends in the middle/);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const wrong = file.slice();
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      refused(wrong, /^the\/file\.png /);
    }
  });

  it("has the checksum that the recommendation's appendix computes for an empty IEND", () => {
    expect(crc32(new TextEncoder().encode("IEND"))).toBe(0xae426082);
  });
});
