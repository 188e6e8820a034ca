// A program for an Espressif chip, as the image that the chip's ROM loads into RAM. Format: esptool's documentation, "Firmware Image
// Format" (https://docs.espressif.com/projects/esptool, advanced topics); and behind it what the program reads in flash, where its linker
// script puts it. Pure: ELF in, image out. Direct-boot images need none of this.

import { createHash } from "node:crypto";
import { FtteError } from "../errors.ts";
import { type LoadSegment, loadSegments } from "./elf.ts";

/** The id in the extended header (esp_app_format.h of ESP-IDF), and where in flash the ROM looks for the image. */
export const espChips = {
  esp32: { id: 0, imageAt: 0x1000 },
  esp32c3: { id: 5, imageAt: 0 },
  esp32s3: { id: 9, imageAt: 0 },
} as const;
export type EspChip = keyof typeof espChips;

const headerBytes = 24;
const magic = 0xe9;
const dio = 2; // flash mode that every module's wiring allows
const flash4M40MHz = 0x20; // the slowest clock that all chips share: the ROM only reads this image with it
const writeProtectPinOff = 0xee;
const anyRevision = 0xffff;
const checksumSeed = 0xef;

/**
 * Segments whose load address is their address go into RAM, in ascending order, padded to words. Of the others it is the offset in flash
 * where they stay; the file is filled up to there with 0xff.
 * @returns what belongs into flash from where the chip's ROM looks for an image
 * @throws FtteError "build-failed" when `elf` is not a little-endian 32-bit ELF program with 1 to 16 segments for RAM, or when what stays
 *   in flash overlaps the image
 */
export function espImage(elf: Uint8Array, chip: EspChip): Buffer {
  const file = Buffer.from(elf.buffer, elf.byteOffset, elf.length);
  const segments = loadSegments(file);
  const loaded = segments.filter(({ at, loadAt }) => at === loadAt);
  if (loaded.length === 0 || loaded.length > 16)
    throw new FtteError(
      "build-failed",
      `an image for ${chip} has 1 to 16 segments for RAM, this program ${loaded.length}`,
    );
  const body = loaded.flatMap(({ at, bytes }) => [words(at, bytes.length), bytes]);
  const image = Buffer.concat([header(file.readUInt32LE(24), loaded.length, chip), ...body]);
  const summed = Buffer.concat([image, Buffer.alloc(15 - (image.length % 16)), Buffer.of(checksum(loaded))]);
  const signed = Buffer.concat([summed, createHash("sha256").update(summed).digest()]);
  return withFlash(
    signed,
    segments.filter(({ at, loadAt }) => at !== loadAt),
    espChips[chip].imageAt,
  );
}

function withFlash(image: Buffer, staying: LoadSegment[], imageAt: number): Buffer {
  return staying.reduce((file, { loadAt, bytes }) => {
    const gap = loadAt - imageAt - file.length;
    if (gap < 0)
      throw new FtteError("build-failed", `what stays in flash at 0x${loadAt.toString(16)} overlaps what precedes it`);
    return Buffer.concat([file, Buffer.alloc(gap, 0xff), bytes]);
  }, image);
}

function header(entry: number, segments: number, chip: EspChip): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.set([magic, segments, dio, flash4M40MHz], 0);
  bytes.writeUInt32LE(entry, 4);
  bytes[8] = writeProtectPinOff;
  bytes.writeUInt16LE(espChips[chip].id, 12);
  bytes.writeUInt16LE(anyRevision, 17); // the highest that may run it; the lowest, before it, is 0
  bytes[23] = 1; // a SHA-256 follows
  return bytes;
}

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);

/** Of the segments' bytes. */
const checksum = (segments: LoadSegment[]) =>
  segments.reduce((sum, { bytes }) => bytes.reduce((xor, byte) => xor ^ byte, sum), checksumSeed);
