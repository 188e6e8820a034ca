// A program for an Espressif chip, as the image that the chip's ROM loads into RAM. Format: esptool's documentation, "Firmware Image
// Format" (https://docs.espressif.com/projects/esptool, advanced topics). Pure: ELF in, image out. Direct-boot images need none of this.

import { createHash } from "node:crypto";
import { FtteError } from "../errors.ts";

/** Chip ids of the extended header (esp_app_format.h of ESP-IDF). */
const chipIds = { esp32: 0, esp32c3: 5 } as const;
export type EspChip = keyof typeof chipIds;

interface Segment {
  at: number;
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
 * The segments that carry bytes go into RAM at their own addresses, in ascending order, padded to words.
 * @throws FtteError "build-failed" when `elf` is not a little-endian 32-bit ELF program with 1 to 16 segments to load
 */
export function espImage(elf: Uint8Array, chip: EspChip): Buffer {
  const file = Buffer.from(elf.buffer, elf.byteOffset, elf.length);
  const segments = loadSegments(file);
  if (segments.length === 0 || segments.length > 16)
    throw new FtteError("build-failed", `an image for ${chip} has 1 to 16 segments, this program ${segments.length}`);
  const body = segments.flatMap(({ at, bytes }) => [words(at, bytes.length), bytes]);
  const image = Buffer.concat([header(file.readUInt32LE(24), segments.length, chip), ...body]);
  const summed = Buffer.concat([image, Buffer.alloc(15 - (image.length % 16)), Buffer.of(checksum(segments))]);
  return Buffer.concat([summed, createHash("sha256").update(summed).digest()]);
}

function header(entry: number, segments: number, chip: EspChip): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.set([magic, segments, dio, flash4M40MHz], 0);
  bytes.writeUInt32LE(entry, 4);
  bytes[8] = writeProtectPinOff;
  bytes.writeUInt16LE(chipIds[chip], 12);
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
      const [offset, at, length] = [entry.readUInt32LE(4), entry.readUInt32LE(8), entry.readUInt32LE(16)];
      if (offset + length > file.length) throw new FtteError("build-failed", "the ELF file is cut off");
      return { at, bytes: Buffer.concat([file.subarray(offset, offset + length), Buffer.alloc(-length & 3)]) };
    })
    .sort((a, b) => a.at - b.at);
}

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);

/** Of the segments' bytes. */
const checksum = (segments: Segment[]) =>
  segments.reduce((sum, { bytes }) => bytes.reduce((xor, byte) => xor ^ byte, sum), checksumSeed);
