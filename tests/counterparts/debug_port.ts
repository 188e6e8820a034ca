// A serial wire debug port and the two access ports of an nRF52840 behind it: AHB-AP (0) on the bus, CTRL-AP (1). Source: Arm Debug
// Interface v5.2 (IHI 0031), B2 (DPIDR, CTRL/STAT, SELECT, ABORT, sticky errors), B4.3 (line reset, after which DPIDR is read first), C2
// (MEM-AP: CSW, TAR with an increment of which 10 bits are sure, DRW, BD0 to BD3, IDR). A fault on the bus sets STICKYERR, and every access
// to an AP faults until ABORT clears it. Never answers WAIT.
import type { Nrf52840Target } from "./nrf52840_target.ts";

export const ack = { ok: 1, wait: 2, fault: 4, none: 7 } as const;
export interface Access {
  ack: number;
  value: number;
}

const dpidr = 0x2ba01477;
const ahbIdr = 0x24770011;
const romTable = 0xe00ff003;
const requests = 0x50000000; // CTRL/STAT: CDBGPWRUPREQ and CSYSPWRUPREQ; their acknowledgements are one bit higher
const stickyError = 1 << 5;
const clearStickyError = 1 << 2; // ABORT.STKERRCLR
const deviceEnabled = 1 << 6; // CSW
const lineResetBits = 50;

export class DebugPort {
  private state: "off" | "reset" | "on" = "off";
  private ones = 0;
  private control = 0;
  private select = 0;
  private error = false;
  private last = 0;
  private csw = 0x23000002;
  private tar = 0;

  constructor(
    private readonly target: Nrf52840Target,
    private readonly violation: (text: string) => void,
  ) {}

  /** Bits on SWDIO, least significant first: at least fifty ones are a line reset. */
  sequence(bytes: Uint8Array, bits: number): void {
    for (let bit = 0; bit < bits; bit++) {
      const one = (bytes[bit >> 3]! >> (bit & 7)) & 1;
      this.ones = one ? this.ones + 1 : 0;
      if (this.ones < lineResetBits) continue;
      this.state = "reset";
      this.select = 0;
    }
  }

  /** @param register 0, 4, 8 or 12 */
  readDp(register: number): Access {
    if (!this.answers(register === 0)) return { ack: ack.none, value: 0 };
    if (register === 0) return { ack: ack.ok, value: dpidr };
    if (register === 4) return { ack: ack.ok, value: (this.select & 15) === 0 ? this.status() : 0 };
    return { ack: this.error ? ack.fault : ack.ok, value: this.last };
  }

  writeDp(register: number, value: number): number {
    if (!this.answers(false)) return ack.none;
    if (register === 0) {
      if (value & clearStickyError) this.error = false;
      return ack.ok;
    }
    if (this.error) return ack.fault;
    if (register === 4) this.control = (value & requests) >>> 0;
    else if (register === 8) this.select = value;
    return ack.ok;
  }

  readAp(register: number): Access {
    const stopped = this.stopped();
    if (stopped) return { ack: stopped, value: 0 };
    const value = this.accessPort(register);
    if (value === undefined) return this.fail();
    this.last = value >>> 0;
    return { ack: ack.ok, value: this.last };
  }

  writeAp(register: number, value: number): number {
    const stopped = this.stopped();
    if (stopped) return stopped;
    const at = (this.select & 0xf0) | register;
    const port = this.select >>> 24;
    if (port === 1) this.target.writeCtrlAp(at, value);
    else if (port === 0 && !this.writeAhb(at, value)) return this.fail().ack;
    return ack.ok;
  }

  private answers(readsId: boolean): boolean {
    if (this.state === "off") this.violation("an access before a line reset");
    if (this.state === "reset" && !readsId) this.violation("the first access after a line reset is not DPIDR's");
    if (this.state === "reset" && readsId) this.state = "on";
    return this.state === "on";
  }

  private stopped(): number | undefined {
    if (!this.answers(false)) return ack.none;
    if (this.error) return ack.fault;
    if (this.control === requests) return undefined;
    this.violation("an access to an AP before the debug domain has power");
    return this.fail().ack;
  }

  private fail(): Access {
    this.error = true;
    return { ack: ack.fault, value: 0 };
  }

  private status(): number {
    return (this.control | (this.control << 1) | (this.error ? stickyError : 0)) >>> 0;
  }

  /** Undefined: the access faults. */
  private accessPort(register: number): number | undefined {
    const at = (this.select & 0xf0) | register;
    const port = this.select >>> 24;
    if (port === 1) return this.target.readCtrlAp(at);
    if (port !== 0) return 0; // no such AP: IDR reads 0
    if (at === 0x00) return this.csw | (this.target.locked ? 0 : deviceEnabled);
    if (at === 0x04) return this.tar;
    if (at === 0xf8) return romTable;
    if (at === 0xfc) return ahbIdr;
    if (at === 0x0c) return this.data((address, bytes) => this.target.read(address, bytes));
    return at >= 0x10 && at < 0x20 ? this.banked(at) : 0;
  }

  private writeAhb(at: number, value: number): boolean {
    if (at === 0x00) this.csw = value & ~deviceEnabled;
    else if (at === 0x04) this.tar = value;
    else if (at === 0x0c) return this.data((address, bytes) => this.target.write(address, value, bytes)) ?? false;
    else if (at >= 0x10 && at < 0x20) return !this.target.locked && this.target.write(this.bankAddress(at), value, 4);
    return true;
  }

  private banked(at: number): number | undefined {
    return this.target.locked ? undefined : this.target.read(this.bankAddress(at), 4);
  }

  private bankAddress(at: number): number {
    return ((this.tar & ~15) | (at & 12)) >>> 0;
  }

  /** One access through DRW at TAR, which moves on within its 1 KiB. */
  private data<T>(access: (address: number, bytes: number) => T): T | undefined {
    const bytes = 1 << (this.csw & 7);
    if (bytes > 4 || this.target.locked) return undefined;
    const result = access(this.tar, bytes);
    if (result !== undefined && result !== false && ((this.csw >> 4) & 3) === 1)
      this.tar = ((this.tar & ~0x3ff) | ((this.tar + bytes) & 0x3ff)) >>> 0;
    return result;
  }
}
