// What a program for a chip puts where: PT_LOAD entries of the program header table (ELF-32: System V ABI, chapters 4 and 5). Pure.

import { FtteError } from "../errors.ts";

export interface LoadSegment {
  at: number; // address in memory
  loadAt: number; // the same, or the offset in flash where it stays
  bytes: Buffer;
}

/**
 * In order of where they are loaded, padded to words.
 * @throws FtteError "build-failed" when it is not a little-endian 32-bit ELF file
 */
export function loadSegments(elf: Uint8Array): LoadSegment[] {
  const file = Buffer.from(elf.buffer, elf.byteOffset, elf.length);
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
