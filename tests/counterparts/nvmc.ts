// The nRF52840's flash and UICR behind its NVMC, as a debugger finds them on the bus. Source: nRF52840 Product Specification, chapters
// NVMC (CONFIG, ERASEPAGE, ERASEALL, ERASEUICR, READY; writing only clears bits, whole words only, a word at most twice before it is
// erased) and UICR. READY stays 0 for as many reads as an operation is told to take. It keeps no time, and never stalls the bus.
import type { FaultPlan } from "./faults.ts";
import { NorFlash } from "./nor_flash.ts";

export const flashBytes = 1 << 20;
export const uicrStart = 0x10001000;
export const uicrBytes = 0x1000;
export const nvmcStart = 0x4001e000;
const pageBytes = 4096;
const maxWrites = 2; // nWRITE

const register = { ready: 0x400, readyNext: 0x408, config: 0x504, erasePage: 0x508, eraseAll: 0x50c, eraseUicr: 0x514 };
const writeEnabled = 1;
const eraseEnabled = 2;

export class Nvmc {
  readonly flash: NorFlash;
  readonly uicr = new NorFlash(uicrBytes, uicrBytes);
  private config = 0;
  private busy = 0;
  private readonly writes = new Map<number, number>();

  /** @param busyReads how often READY says 0 after an erase */
  constructor(
    faults: FaultPlan["flash"],
    private readonly busyReads: number,
    private readonly violation: (text: string) => void,
  ) {
    this.flash = new NorFlash(flashBytes, pageBytes, faults);
  }

  /** A reset: writing and erasing are off. */
  reset(): void {
    this.config = 0;
    this.busy = 0;
  }

  /** What CTRL-AP's ERASEALL and NVMC's do to flash and UICR. */
  eraseAll(): void {
    for (let page = 0; page < flashBytes; page += pageBytes) this.flash.erase(page, 1);
    this.uicr.erase(0, uicrBytes);
    this.writes.clear();
  }

  readRegister(offset: number): number {
    if (offset === register.config) return this.config;
    if (offset !== register.ready && offset !== register.readyNext) return 0;
    return this.busy > 0 && this.busy-- > 0 ? 0 : 1;
  }

  writeRegister(offset: number, value: number): void {
    if (offset === register.config) this.configure(value);
    else if (offset === register.erasePage) this.erase(() => this.erasePage(value));
    else if (offset === register.eraseAll && value === 1) this.erase(() => this.eraseAll());
    else if (offset === register.eraseUicr && value === 1) this.erase(() => this.eraseUicr());
  }

  /** A write into flash or UICR. False: the bus faults. */
  program(target: NorFlash, offset: number, value: number, bytes: number): boolean {
    if (bytes !== 4) return this.refuse(`a write of ${bytes} bytes into flash: words only`);
    if (this.config !== writeEnabled) return this.refuse("a write into flash without CONFIG.WEN");
    const key = offset + (target === this.uicr ? uicrStart : 0);
    const count = (this.writes.get(key) ?? 0) + 1;
    this.writes.set(key, count);
    if (count > maxWrites) this.violation(`0x${key.toString(16)} written ${count} times since it was erased`);
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    target.program(offset, word); // worn flash keeps what it had; read it back
    return true;
  }

  private configure(value: number): void {
    if (value > eraseEnabled) this.violation("CONFIG enables writing and erasing at once");
    else this.config = value;
  }

  private erase(erase: () => void): void {
    if (this.config !== eraseEnabled) return this.violation("an erase without CONFIG.EEN");
    if (this.busy > 0) return this.violation("an erase before READY");
    erase();
    this.busy = this.busyReads;
  }

  private eraseUicr(): void {
    this.uicr.erase(0, uicrBytes);
    for (let word = uicrStart; word < uicrStart + uicrBytes; word += 4) this.writes.delete(word);
  }

  private erasePage(address: number): void {
    if (address % pageBytes !== 0 || address >= flashBytes)
      return this.violation(`ERASEPAGE of 0x${address.toString(16)}, which is not the start of a page`);
    this.flash.erase(address, 1);
    for (let word = address; word < address + pageBytes; word += 4) this.writes.delete(word);
  }

  private refuse(text: string): false {
    this.violation(text);
    return false;
  }
}
