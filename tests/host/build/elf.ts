// Little-endian 32-bit ELF programs (System V ABI, chapters 4 and 5): written for tests of what reads them, and read to judge what was built.

export interface ElfSegment {
  at: number;
  /** The same as `at` when left out. */
  loadAt?: number;
  bytes: Buffer;
}

const headerBytes = 52;
const entryBytes = 32;

export function elfProgram(entry: number, segments: ElfSegment[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt32LE(entry, 24);
  header.writeUInt32LE(headerBytes, 28);
  header.writeUInt16LE(entryBytes, 42);
  header.writeUInt16LE(segments.length, 44);
  let offset = headerBytes + entryBytes * segments.length;
  const table = segments.map(({ at, loadAt = at, bytes }) => {
    const words = [1, offset, at, loadAt, bytes.length, bytes.length, 7, 4];
    offset += bytes.length;
    return Buffer.from(Uint32Array.from(words).buffer);
  });
  return Buffer.concat([header, ...table, ...segments.map(({ bytes }) => bytes)]);
}
