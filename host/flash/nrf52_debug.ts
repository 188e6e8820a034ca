// Flash, protection and reset of an nRF52 through its debug port. Erases pages, never the whole chip, except where the caller asks for
// CTRL-AP's ERASEALL. Knows no probe and no file.
//
// Sources: nRF52840 and nRF52832 Product Specifications, NVMC (registers; CPU halted before the debugger writes), CTRL-AP (registers, IDR),
// FICR (INFO.PART, INFO.VARIANT), UICR (APPROTECT); nRF52832 Production Programming, "Writing data", "Erasing"; nWP-027 (order of
// unlocking; as in pyOCD, pyocd/target/family/target_nRF52.py, with the revisions that lock at every reset); Armv7-M Architecture Reference
// Manual, C1.6 (DHCSR). Registers and their values are also those of Nordic's nrfx, mdk/nrf52840.h and nrf52840_bitfields.h.

import { setTimeout as sleep } from "node:timers/promises";
import type { DebugPort } from "./debug_port.ts";

const ctrlAp = { number: 1, reset: 0x00, eraseAll: 0x04, eraseAllStatus: 0x08, approtectStatus: 0x0c, idr: 0xfc };
const ctrlApIdr = 0x0288_0000;
const versionMask = 0x0fff_ffff;

const nvmc = { ready: 0x4001_e400, config: 0x4001_e504, erasePage: 0x4001_e508 };
const nvmcMode = { readOnly: 0, write: 1, erase: 2 } as const;
const ficr = { part: 0x1000_0100, variant: 0x1000_0104 };
const uicrApprotect = 0x1000_1208;
const hardwareDisabled = 0x5a;

const dhcsr = 0xe000_edf0;
const debugKey = 0xa05f_0000;
const halt = 3; // C_DEBUGEN, C_HALT
const halted = 1 << 17;

/** First build code whose access port is closed after every reset unless UICR and firmware open it. */
const lockingRevisions: Record<number, string> = { 337970: "G0", 337971: "B0", 337984: "F0" };

export const pageBytes = 4096;
const pageEraseMs = 1000; // tERASEPAGE is 90 ms at most
const eraseAllMs = 15_000; // as pyOCD; tERASEALL is 300 ms at most
const haltTries = 100;

/** A step that the chip did not do; the message says which. */
export class ChipRefused extends Error {}

export class Nrf52Debug {
  constructor(private readonly port: DebugPort) {}

  /** Whether the chip has Nordic's control access port, which all nRF52 have and other chips have not. */
  async isNrf52(): Promise<boolean> {
    const idr = await this.port.readAp(ctrlAp.number, ctrlAp.idr);
    return (idr & versionMask) === ctrlApIdr;
  }

  /** While it is, nothing but CTRL-AP answers. */
  async isProtected(): Promise<boolean> {
    return ((await this.port.readAp(ctrlAp.number, ctrlAp.approtectStatus)) & 1) === 0;
  }

  /**
   * Erases all flash, RAM and UICR, and with them the protection.
   * @throws ChipRefused if the chip does not get ready, or is still protected
   */
  async eraseAll(): Promise<void> {
    await this.port.writeAp(ctrlAp.number, ctrlAp.eraseAll, 1);
    const isReady = async () => (await this.port.readAp(ctrlAp.number, ctrlAp.eraseAllStatus)) === 0;
    if (!(await within(eraseAllMs, isReady))) throw new ChipRefused("CTRL-AP's ERASEALL does not end");
    await this.reset();
    await this.port.writeAp(ctrlAp.number, ctrlAp.eraseAll, 0);
    if (await this.isProtected()) throw new ChipRefused("it is still protected after CTRL-AP's ERASEALL");
  }

  /** 0x52840 for an nRF52840. */
  part(): Promise<number> {
    return this.port.readWord(ficr.part);
  }

  /** After eraseAll, on chips that lock themselves at every reset: lets firmware keep the access port open. */
  async allowDebugging(): Promise<void> {
    const first = lockingRevisions[await this.part()];
    const variant = await this.port.readWord(ficr.variant); // four letters, "AAF0"
    const buildCode = String.fromCharCode((variant >> 8) & 0xff, variant & 0xff);
    if (first === undefined || buildCode < first) return;
    await this.inMode(nvmcMode.write, () => this.port.writeWord(uicrApprotect, hardwareDisabled));
  }

  /** @throws ChipRefused */
  async halt(): Promise<void> {
    await this.port.writeWord(dhcsr, debugKey | halt);
    for (let tries = 0; tries < haltTries; tries++) if ((await this.port.readWord(dhcsr)) & halted) return;
    throw new ChipRefused("the processor does not halt");
  }

  /** Lets the processor go, then resets the chip by CTRL-AP: a chip that locks itself at a reset would refuse any step after it. */
  async restart(): Promise<void> {
    await this.port.writeWord(dhcsr, debugKey);
    await this.reset();
  }

  private async reset(): Promise<void> {
    await this.port.writeAp(ctrlAp.number, ctrlAp.reset, 1);
    await this.port.writeAp(ctrlAp.number, ctrlAp.reset, 0);
  }

  /** @param address of a page */
  async erasePage(address: number): Promise<void> {
    await this.inMode(nvmcMode.erase, () => this.port.writeWord(nvmc.erasePage, address));
  }

  /** Words of erased flash; those that stay 0xffffffff are not written. */
  async writeWords(address: number, words: Uint32Array): Promise<void> {
    const programmed = [...words]
      .map((value, i) => ({ address: address + 4 * i, value }))
      .filter(({ value }) => value !== 0xffff_ffff);
    await this.inMode(nvmcMode.write, () => this.port.writeWordsWhenReady(programmed, nvmc.ready));
  }

  readWords(address: number, count: number): Promise<Uint32Array> {
    return this.port.readWords(address, count);
  }

  private async inMode(mode: number, work: () => Promise<void>): Promise<void> {
    await this.port.writeWord(nvmc.config, mode);
    await this.ready();
    await work();
    await this.ready();
    await this.port.writeWord(nvmc.config, nvmcMode.readOnly);
    await this.ready();
  }

  private async ready(): Promise<void> {
    const isReady = async () => ((await this.port.readWord(nvmc.ready)) & 1) === 1;
    if (!(await within(pageEraseMs, isReady))) throw new ChipRefused("its flash controller does not get ready");
  }
}

/** Whether `condition` became true in time; asked at once, then every few milliseconds. */
async function within(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > until) return false;
    await sleep(2);
  }
}
