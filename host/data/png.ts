// PNG (W3C recommendation, third edition, 2025) of exactly one form: 8-bit RGB, not interlaced, as data sets ship their images. What the
// sprites of the data sets do not need is refused: palettes, grey, alpha, 16 bits, Adam7. Ancillary chunks are passed over.

import { crc32, inflateSync } from "node:zlib";
import { FtteError } from "../errors.ts";

/** Row by row from the top, three bytes (R, G, B) a pixel. */
export interface RgbImage {
  width: number;
  height: number;
  pixels: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const pixelBytes = 3;

type Refuse = (text: string) => never;

/** The chunks from IHDR to IEND, in their order, each with its checksum checked (section 5). */
function chunksOf(bytes: Uint8Array, refuse: Refuse): { type: string; data: Uint8Array }[] {
  if (!signature.every((byte, i) => bytes[i] === byte)) refuse("is no PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: { type: string; data: Uint8Array }[] = [];
  for (let at = signature.length; chunks.at(-1)?.type !== "IEND"; ) {
    const end = at + 8 + (at + 8 <= bytes.length ? view.getUint32(at) : 0);
    if (end + 4 > bytes.length) refuse("ends in the middle; fetch it again");
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) refuse("is damaged; fetch it again");
    chunks.push({ type: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), data: bytes.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}

/** Width and height (section 11.2.1: width, height, bit depth, colour type, compression, filter, interlace). */
function sizeOf(header: Uint8Array, refuse: Refuse): { width: number; height: number } {
  if (header.length !== 13) refuse("begins with no header");
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, , , interlace] = header.subarray(8);
  if (depth !== 8 || colour !== 2 || interlace !== 0 || width === 0 || height === 0)
    refuse("has to be 8-bit RGB without alpha or interlacing");
  return { width, height };
}

/** Section 9.4: of left, up and up-left the one nearest to left + up − up-left. */
function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/**
 * Section 9.2: adds to each byte of `row` what its filter predicted. `up` is the row above, zeros above the first; a byte left of the row
 * is 0. One loop for each filter, since a call for each byte would take most of the time.
 */
const unfilters: ((row: Uint8Array, up: Uint8Array) => void)[] = [
  () => {},
  (row) => {
    for (let i = pixelBytes; i < row.length; i++) row[i]! += row[i - pixelBytes]!;
  },
  (row, up) => {
    for (let i = 0; i < row.length; i++) row[i]! += up[i]!;
  },
  (row, up) => {
    for (let i = 0; i < pixelBytes; i++) row[i]! += up[i]! >> 1;
    for (let i = pixelBytes; i < row.length; i++) row[i]! += (row[i - pixelBytes]! + up[i]!) >> 1;
  },
  (row, up) => {
    for (let i = 0; i < pixelBytes; i++) row[i]! += up[i]!; // without a left neighbour the nearest is always the one above
    for (let i = pixelBytes; i < row.length; i++) row[i]! += paeth(row[i - pixelBytes]!, up[i]!, up[i - pixelBytes]!);
  },
];

function inflated(chunks: { type: string; data: Uint8Array }[], bytes: number, refuse: Refuse): Uint8Array {
  const data = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map((chunk) => chunk.data));
  try {
    const raw = inflateSync(data, { maxOutputLength: bytes });
    if (raw.length === bytes) return raw;
  } catch {}
  return refuse("holds another number of pixels than its header says; fetch it again");
}

/**
 * @param name of the file, for errors
 * @throws FtteError "data-invalid" for anything that is not a whole 8-bit RGB PNG without interlacing
 */
export function decodePng(bytes: Uint8Array, name: string): RgbImage {
  const refuse: Refuse = (text) => {
    throw new FtteError("data-invalid", `${name} ${text}`);
  };
  const chunks = chunksOf(bytes, refuse);
  const { width, height } = sizeOf(chunks[0]!.type === "IHDR" ? chunks[0]!.data : new Uint8Array(), refuse);
  const stride = width * pixelBytes;
  const raw = inflated(chunks, height * (1 + stride), refuse);
  const pixels = new Uint8Array(height * stride);
  let up = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const from = y * (1 + stride) + 1;
    const row = pixels.subarray(y * stride, (y + 1) * stride);
    row.set(raw.subarray(from, from + stride));
    const unfilter = unfilters[raw[from - 1]!] ?? refuse(`has a filter ${raw[from - 1]} in row ${y}`);
    unfilter(row, up);
    up = row;
  }
  return { width, height, pixels };
}
