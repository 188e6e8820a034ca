// A program for an Espressif chip, as the image that the chip's ROM loads into RAM. Format: esptool's documentation, "Firmware Image
// Format" (https://docs.espressif.com/projects/esptool, advanced topics); and behind it what the program reads in flash, where its linker
// script puts it. Pure: ELF in, image out. Direct-boot images need none of this.

import { createHash } from "node:crypto";
import { FtteError } from "../errors.ts";

/** The id in the extended header (esp_app_format.h of ESP-IDF), and where in flash the ROM looks for the image. */
const chips = { esp32: { id: 0, imageAt: 0x1000 }, esp32c3: { id: 5, imageAt: 0 } } as const;
export type EspChip = keyof typeof chips;

interface Segment {
  at: number; // address in memory
  loadAt: number; // the same, or the offset in flash where it stays
  bytes: Buffer;
}

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
    chips[chip].imageAt,
  );
}

function withFlash(image: Buffer, staying: Segment[], imageAt: number): Buffer {
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
  bytes.writeUInt16LE(chips[chip].id, 12);
  bytes.writeUInt16LE(anyRevision, 17); // the highest that may run it; the lowest, before it, is 0
  bytes[23] = 1; // a SHA-256 follows
  return bytes;
}

/** PT_LOAD entries of the program header table (ELF-32: System V ABI, chapters 4 and 5). */
function loadSegments(file: Buffer): Segment[] {
  const isElf32 = file.length >= 52 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 1 && file[5] === 1;
  if (!isElf32) throw new FtteError("build-failed", "not a little-endian 32-bit ELF file");
  const [table, entryBytes, count] = [file.readUInt32LE(28), file.readUInt16LE(42), file.readUInt16LE(44)];
  const entries = Array.from({ length: count }, (_, i) => file.subarray(table + i * entryBytes));
  return entries
    .filter((entry) => entry.readUInt32LE(0) === 1 && entry.readUInt32LE(16) > 0)
    .map((entry) => {
      const [offset, at, loadAt, length] = [4, 8, 12, 16].map((field) => entry.readUInt32LE(field)) as [
        number,
        number,
        number,
        number,
      ];
      if (offset + length > file.length) throw new FtteError("build-failed", "the ELF file is cut off");
      return { at, loadAt, bytes: Buffer.concat([file.subarray(offset, offset + length), Buffer.alloc(-length & 3)]) };
    })
    .sort((a, b) => a.loadAt - b.loadAt);
}

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);

/** Of the segments' bytes. */
const checksum = (segments: Segment[]) =>
  segments.reduce((sum, { bytes }) => bytes.reduce((xor, byte) => xor ^ byte, sum), checksumSeed);
