// An nRF52840 as a debugger sees it: its memory map on the bus, its control access port, its access port protection. Source: nRF52840
// Product Specification, chapters Memory, FICR, UICR, Debug and trace (CTRL-AP, APPROTECT), and Nordic's "Working with the nRF52
// Series' improved APPROTECT". With protection "hardware" (builds before Fxx) only a written UICR.APPROTECT closes the port; with "improved"
// everything but 0x5a (HwDisabled) does, so that an erased chip is open until its next reset only. The software half of the improved
// protection is taken as opened. Peripherals other than NVMC keep what is written and do nothing.
import { CortexM4Debug } from "./cortex_m4_debug.ts";
import type { FaultPlan } from "./faults.ts";
import { flashBytes, Nvmc, nvmcStart, uicrBytes, uicrStart } from "./nvmc.ts";

export interface Nrf52840Options {
  /** FICR.INFO.PART; another one is the wrong chip. */
  part?: number;
  /** FICR.DEVICEID, low word first. */
  deviceId?: [number, number];
  protection?: "hardware" | "improved";
  /** UICR.APPROTECT as the board comes; 0xff, erased, when left out. */
  approtect?: number;
  busyReads?: number;
  runsRamCode?: boolean;
  faults?: FaultPlan["flash"];
}

const ramStart = 0x20000000;
const ramBytes = 256 << 10;
const ficrStart = 0x10000000;
const systemStart = 0xe0000000;
const approtectOffset = 0x208;
const configOffset = 0x504;
const ctrlAp = { reset: 0x00, eraseAll: 0x04, eraseAllStatus: 0x08, approtectStatus: 0x0c, idr: 0xfc };
const ctrlApIdr = 0x02880000;

export class Nrf52840Target {
  readonly nvmc: Nvmc;
  readonly core: CortexM4Debug;
  readonly ram = Buffer.alloc(ramBytes);
  /** The access port to the bus is closed. */
  locked = false;
  private held = false;
  private eraseBusy = 0;
  private readonly ficr: ReadonlyMap<number, number>;
  private readonly peripherals = new Map<number, number>();

  constructor(
    private readonly options: Nrf52840Options,
    private readonly violation: (text: string) => void,
  ) {
    this.nvmc = new Nvmc(options.faults, options.busyReads ?? 1, violation);
    this.core = new CortexM4Debug(options.runsRamCode ?? false, () => this.reset(), violation);
    this.ficr = factoryInformation(options);
    this.nvmc.uicr.bytes[approtectOffset] = options.approtect ?? 0xff;
    this.powerOn();
  }

  /** Power or the reset pin: protection is looked at anew. */
  powerOn(): void {
    const byte = this.nvmc.uicr.bytes[approtectOffset];
    this.locked = this.options.protection === "improved" ? byte !== 0x5a : byte !== 0xff;
    this.reset();
  }

  reset(): void {
    this.nvmc.reset();
    this.peripherals.clear();
    this.core.reset();
  }

  /** A word, half or byte, in its place within the word as on the bus; undefined: the bus faults. */
  read(at: number, bytes: number): number | undefined {
    const word = at - (at % 4);
    const value = this.readWord(word);
    return value === undefined || at % bytes !== 0 ? undefined : value;
  }

  /** False: the bus faults. `value` has the bytes in their place within the word. */
  write(at: number, value: number, bytes: number): boolean {
    if (at % bytes !== 0) return false;
    if (isFlashOperation(at) && this.core.running) this.violation("a flash operation while the processor runs");
    if (at < flashBytes) return this.nvmc.program(this.nvmc.flash, at, value, bytes);
    if (inside(at, uicrStart, uicrBytes)) return this.nvmc.program(this.nvmc.uicr, at - uicrStart, value, bytes);
    if (inside(at, ramStart, ramBytes)) {
      for (let i = 0; i < bytes; i++) this.ram[at - ramStart + i] = value >>> (8 * ((at % 4) + i));
      return true;
    }
    if (bytes !== 4) return false;
    if (inside(at, nvmcStart, 0x1000)) this.nvmc.writeRegister(at - nvmcStart, value);
    else if (at >= systemStart) this.core.write(at, value);
    else if (inside(at, 0x40000000, 0x20000000)) this.peripherals.set(at, value);
    else return false;
    return true;
  }

  readCtrlAp(register: number): number {
    if (register === ctrlAp.idr) return ctrlApIdr;
    if (register === ctrlAp.reset) return this.held ? 1 : 0;
    if (register === ctrlAp.approtectStatus) return this.locked ? 0 : 1;
    if (register !== ctrlAp.eraseAllStatus) return 0;
    return this.eraseBusy > 0 && this.eraseBusy-- > 0 ? 1 : 0;
  }

  writeCtrlAp(register: number, value: number): void {
    if (register === ctrlAp.reset) this.holdReset((value & 1) === 1);
    if (register === ctrlAp.eraseAll && value === 1) this.recover();
  }

  /** RESET from 1 to 0 lets the chip start; a reset through CTRL-AP is a soft one and leaves the protection as it is. */
  private holdReset(hold: boolean): void {
    if (this.held && !hold) this.reset();
    this.held = hold;
  }

  private recover(): void {
    this.nvmc.eraseAll();
    this.ram.fill(0);
    this.locked = false;
    this.eraseBusy = this.options.busyReads ?? 1;
  }

  private readWord(at: number): number | undefined {
    if (at < flashBytes) return this.nvmc.flash.read(at, 4).readUInt32LE();
    if (inside(at, ficrStart, 0x1000)) return this.ficr.get(at - ficrStart) ?? 0xffffffff;
    if (inside(at, uicrStart, uicrBytes)) return this.nvmc.uicr.read(at - uicrStart, 4).readUInt32LE();
    if (inside(at, ramStart, ramBytes)) return this.ram.readUInt32LE(at - ramStart);
    if (inside(at, nvmcStart, 0x1000)) return this.nvmc.readRegister(at - nvmcStart);
    if (inside(at, 0x40000000, 0x20000000)) return this.peripherals.get(at) ?? 0;
    if (at >= systemStart) return this.core.read(at);
    this.violation(`0x${at.toString(16)} is nothing on this chip`);
    return undefined;
  }
}

/** A write that makes the NVMC write or erase, for which the processor must be halted (chapter NVMC); CONFIG alone does neither. */
function isFlashOperation(at: number): boolean {
  const isController = inside(at, nvmcStart, 0x1000) && at !== nvmcStart + configOffset;
  return at < flashBytes || inside(at, uicrStart, uicrBytes) || isController;
}

function inside(at: number, start: number, bytes: number): boolean {
  return at >= start && at < start + bytes;
}

function factoryInformation(options: Nrf52840Options) {
  const { part = 0x52840, deviceId = [0x11223344, 0x55667788], protection } = options;
  return new Map([
    [0x010, 4096], // CODEPAGESIZE
    [0x014, 256], // CODESIZE
    [0x060, deviceId[0]],
    [0x064, deviceId[1]],
    [0x100, part],
    [0x104, protection === "improved" ? 0x41414630 : 0x41414430], // VARIANT AAF0, AAD0
    [0x10c, 256], // RAM, KiB
    [0x110, 1024], // FLASH, KiB
  ]);
}
