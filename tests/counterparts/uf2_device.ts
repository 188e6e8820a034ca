// What a UF2 bootloader makes of the blocks that are written to its drive, on nRF52 flash. Source: microsoft/uf2, README ("File format",
// "Flags", "Family ID", "Payload sizes"); for what it takes and where it writes, adafruit/Adafruit_nRF52_Bootloader, src/usb/uf2/ghostfat.c
// and uf2cfg.h: blocks of 256 bytes at multiples of 256, with a family, in the application's space; what lies below it (the MBR) is passed
// over. A page is kept in RAM until another one is written or the last block came. Left out: updates of the bootloader, file containers,
// MD5 regions, families of single boards.
import type { NorFlash } from "./nor_flash.ts";

export const blockBytes = 512;
const magicFirst = 0x0a324655;
const magicSecond = 0x9e5d5157;
const magicLast = 0x0ab16f30;
const notMainFlash = 0x0001;
const fileContainer = 0x1000;
const familyPresent = 0x2000;
const payloadBytes = 256;

export interface Uf2Space {
  family: number;
  /** The application's space: [start, end). */
  start: number;
  end: number;
}

interface Block {
  flags: number;
  address: number;
  bytes: number;
  number: number;
  count: number;
  family: number;
  data: Buffer;
}

export class Uf2Device {
  /** Blocks of the image so far, each counted once. */
  readonly written = new Set<number>();
  /** Blocks with another family, or none: disregarded with their numbers. */
  strangers = 0;
  private count: number | undefined;
  private page: { address: number; bytes: Buffer } | undefined;

  constructor(
    private readonly flash: NorFlash,
    private readonly space: Uf2Space,
    private readonly violation: (text: string) => void,
  ) {}

  /** All blocks of the image are in. */
  get complete(): boolean {
    return this.count !== undefined && this.written.size >= this.count;
  }

  /** 512 bytes as they are written to the drive; what is no UF2 block is some file system's and passed over. */
  write(bytes: Buffer): void {
    const block = parse(bytes);
    if (!block) return;
    if (block.flags & (notMainFlash | fileContainer)) return;
    if (!(block.flags & familyPresent) || block.family !== this.space.family) {
      this.strangers++;
      return;
    }
    const wrong = this.wrongWith(block);
    if (wrong) return this.violation(`block ${block.number}: ${wrong}`);
    if (block.address >= this.space.start) this.store(block);
    this.count ??= block.count;
    this.written.add(block.number);
    if (this.complete) this.flush();
  }

  private wrongWith({ bytes, address, number, count }: Block): string | undefined {
    if (bytes !== payloadBytes || address % payloadBytes !== 0) return `${bytes} bytes at 0x${address.toString(16)}`;
    if (address >= this.space.end) return `0x${address.toString(16)} is not the application's`;
    if (number >= count) return `there are only ${count}`;
    return this.count === undefined || this.count === count ? undefined : `${count} blocks, and ${this.count} before`;
  }

  private store({ address, bytes, data }: Block): void {
    const pageAt = address - (address % this.flash.pageBytes);
    if (this.page?.address !== pageAt) {
      this.flush();
      this.page = { address: pageAt, bytes: this.flash.read(pageAt, this.flash.pageBytes) };
    }
    this.page.bytes.set(data.subarray(0, bytes), address - pageAt);
  }

  /** A page that cannot be written stays as it is: the bootloader does not look. */
  private flush(): void {
    const page = this.page;
    this.page = undefined;
    if (!page || this.flash.equals(page.address, page.bytes)) return;
    if (this.flash.erase(page.address, page.bytes.length)) this.flash.program(page.address, page.bytes);
  }
}

function parse(bytes: Buffer): Block | undefined {
  const [first, second, flags, address, size, number, count, family] = Array.from({ length: 8 }, (_, i) =>
    bytes.readUInt32LE(4 * i),
  ) as [number, number, number, number, number, number, number, number];
  if (first !== magicFirst || second !== magicSecond || bytes.readUInt32LE(508) !== magicLast) return undefined;
  return { flags, address, bytes: size, number, count, family, data: bytes.subarray(32, 508) };
}

/** CURRENT.UF2: the application's space, in blocks of 256 bytes. */
export function currentUf2(flash: NorFlash, { family, start, end }: Uf2Space): Buffer {
  const count = (end - start) / payloadBytes;
  const file = Buffer.alloc(count * blockBytes);
  for (let number = 0; number < count; number++) {
    const at = number * blockBytes;
    const address = start + number * payloadBytes;
    const header = [magicFirst, magicSecond, familyPresent, address, payloadBytes, number, count, family];
    header.forEach((value, i) => {
      file.writeUInt32LE(value, at + 4 * i);
    });
    file.set(flash.read(address, payloadBytes), at + 32);
    file.writeUInt32LE(magicLast, at + 508);
  }
  return file;
}
