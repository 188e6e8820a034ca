// Writes PNGs for tests, by the formulas of section 9 of the recommendation: each byte minus its prediction.

import { crc32, deflateSync } from "node:zlib";

const bytesOf32 = (n: number) => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];

function chunk(type: string, data: Uint8Array): number[] {
  const named = Uint8Array.from([...new TextEncoder().encode(type), ...data]);
  return [...bytesOf32(data.length), ...named, ...bytesOf32(crc32(named))];
}

/** The signature, these chunks, and IEND. */
export function png(chunks: [type: string, data: Uint8Array][]): Uint8Array {
  const all: [string, Uint8Array][] = [...chunks, ["IEND", new Uint8Array()]];
  return Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, ...all.flatMap(([type, data]) => chunk(type, data))]);
}

/** IHDR's content. */
export const ihdr = (
  width: number,
  height: number,
  { depth = 8, colour = 2, interlace = 0 }: { depth?: number; colour?: number; interlace?: number } = {},
): Uint8Array => Uint8Array.from([...bytesOf32(width), ...bytesOf32(height), depth, colour, 0, 0, interlace]);

/** What each filter predicts of a byte from a (left), b (above) and c (above left), by its number. */
export const predictions: ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_a, b) => b,
  (a, b) => Math.floor((a + b) / 2),
  (a, b, c) => {
    const distance = (x: number) => Math.abs(a + b - c - x);
    return [a, b, c].reduce((best, x) => (distance(x) < distance(best) ? x : best)); // ties in the order a, b, c
  },
];

/** An 8-bit RGB PNG; `filterOf` row y; its data in chunks of so many bytes, with text between them where there are several. */
export function encodePng(
  { width, height, pixels }: { width: number; height: number; pixels: Uint8Array },
  filterOf: (y: number) => number,
  chunkBytes = Number.POSITIVE_INFINITY,
): Uint8Array {
  const byteAt = (x: number, y: number) => (x < 0 || y < 0 ? 0 : pixels[y * width * 3 + x]!);
  const filtered = Array.from({ length: height }, (_, y) => {
    const predict = predictions[filterOf(y)]!;
    const row = Array.from(
      { length: width * 3 },
      (_, x) => (byteAt(x, y) - predict(byteAt(x - 3, y), byteAt(x, y - 1), byteAt(x - 3, y - 1))) & 0xff,
    );
    return [filterOf(y), ...row];
  }).flat();
  const data = deflateSync(Uint8Array.from(filtered));
  const chunks: [string, Uint8Array][] = [["IHDR", ihdr(width, height)]];
  const step = Math.min(chunkBytes, data.length);
  for (let at = 0; at < data.length; at += step) chunks.push(["IDAT", data.subarray(at, at + step)]);
  return png(chunkBytes < data.length ? [chunks[0]!, ["tEXt", Uint8Array.of(65, 0, 66)], ...chunks.slice(1)] : chunks);
}
