// NOR flash as every one of these chips has it: erase sets whole pages to 0xff, program only clears bits. Places may be worn out, by the
// description of the faults. It keeps no time.
import type { FaultPlan } from "./faults.ts";

export class NorFlash {
  readonly bytes: Uint8Array;
  /** Pages erased so far, for tests that count wear. */
  erasedPages = 0;

  constructor(
    size: number,
    readonly pageBytes: number,
    private readonly faults: FaultPlan["flash"] = [],
  ) {
    this.bytes = new Uint8Array(size).fill(0xff);
  }

  get size(): number {
    return this.bytes.length;
  }

  holds(address: number, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.size;
  }

  /** Erases every page that [address, address + length) touches. False: a page is worn out; those before it are erased. */
  erase(address: number, length: number): boolean {
    const first = Math.floor(address / this.pageBytes);
    const last = Math.ceil((address + length) / this.pageBytes);
    for (let page = first; page < last; page++) {
      const at = page * this.pageBytes;
      if (this.fails("erase", at, this.pageBytes)) return false;
      this.bytes.fill(0xff, at, at + this.pageBytes);
      this.erasedPages++;
    }
    return true;
  }

  /** Clears bits. False: worn out, nothing changed. What cannot be set stays 0, as on the chip: compare to see it. */
  program(address: number, data: Uint8Array): boolean {
    if (this.fails("program", address, data.length)) return false;
    for (let i = 0; i < data.length; i++) this.bytes[address + i]! &= data[i]!;
    return true;
  }

  /** True when `data` is what stands at `address`. */
  equals(address: number, data: Uint8Array): boolean {
    return Buffer.compare(this.read(address, data.length), data) === 0;
  }

  read(address: number, length: number): Buffer {
    return Buffer.from(this.bytes.subarray(address, address + length));
  }

  private fails(operation: "erase" | "program", address: number, length: number): boolean {
    return (this.faults ?? []).some(
      (fault) => fault.operation === operation && fault.address >= address && fault.address < address + length,
    );
  }
}
