// The debug side of a Cortex-M4 core that runs no code: halting, stepping, core registers, vector catch and reset. Source: ARMv7-M
// Architecture Reference Manual, C1.6 (DHCSR, DCRSR, DCRDR, DEMCR) and B3.2 (CPUID, AIRCR). A core let go with its PC in RAM locks up,
// because a flash loader that was put there does not run, unless it is told that such code runs.

const cpuid = 0x410fc241; // Cortex-M4 r0p1
const address = {
  cpuid: 0xe000ed00,
  aircr: 0xe000ed0c,
  dfsr: 0xe000ed30,
  dhcsr: 0xe000edf0,
  dcrsr: 0xe000edf4,
  dcrdr: 0xe000edf8,
  demcr: 0xe000edfc,
};
const debugKey = 0xa05f;
const vectorKey = 0x05fa;
const enabled = 1; // DHCSR.C_DEBUGEN
const halt = 2; // DHCSR.C_HALT
const stepping = 4; // DHCSR.C_STEP
const registerReady = 1 << 16;
const halted = 1 << 17;
const lockedUp = 1 << 19;
const wasReset = 1 << 25;
const vectorCatchReset = 1; // DEMCR.VC_CORERESET
const systemReset = 4; // AIRCR.SYSRESETREQ
const pc = 15;
const ramStart = 0x20000000;

export class CortexM4Debug {
  readonly registers = new Map<number, number>();
  private control = 0;
  private halted = false;
  private locked = false;
  private resetSeen = true;
  private catches = 0;
  private data = 0;
  private readonly other = new Map<number, number>();

  constructor(
    private readonly runsRamCode: boolean,
    private readonly onReset: () => void,
    private readonly violation: (text: string) => void,
  ) {}

  get running(): boolean {
    return !this.halted && !this.locked;
  }

  /** Any reset of the core: it runs, or is caught at its first instruction. The debug registers outlive it. */
  reset(): void {
    this.resetSeen = true;
    this.locked = false;
    this.registers.clear();
    this.halted = (this.control & enabled) !== 0 && (this.catches & vectorCatchReset) !== 0;
  }

  /** @param at in 0xe0000000 to 0xe00fffff */
  read(at: number): number {
    switch (at) {
      case address.cpuid:
        return cpuid;
      case address.aircr:
        return 0xfa050000;
      case address.dhcsr:
        return this.status();
      case address.dcrdr:
        return this.data;
      case address.demcr:
        return this.catches;
      default:
        return this.other.get(at) ?? 0;
    }
  }

  write(at: number, value: number): void {
    if (at === address.dhcsr) this.setControl(value);
    else if (at === address.dcrsr) this.transfer(value);
    else if (at === address.dcrdr) this.data = value;
    else if (at === address.demcr) this.catches = value;
    else if (at === address.aircr) this.requestReset(value);
    else if (at === address.dfsr)
      this.other.set(at, (this.other.get(at) ?? 0) & ~value); // written ones clear
    else this.other.set(at, value);
  }

  private status(): number {
    const seen = this.resetSeen ? wasReset : 0;
    this.resetSeen = false;
    const state = (this.halted ? halted : 0) | (this.locked ? lockedUp : 0);
    return (this.control | registerReady | state | seen) >>> 0;
  }

  private setControl(value: number): void {
    if (value >>> 16 !== debugKey) return this.violation("DHCSR written without its key");
    this.control = value & 0x2f;
    const wantsHalt = (this.control & (enabled | halt)) === (enabled | halt);
    if (wantsHalt) {
      this.halted = true;
      this.locked = false;
    } else if (this.halted && !(this.control & stepping)) this.resume();
  }

  private resume(): void {
    this.halted = false;
    if ((this.registers.get(pc) ?? 0) < ramStart || this.runsRamCode) return;
    this.violation("the core was let go in RAM: no code runs here");
    this.locked = true;
  }

  /** DCRSR: a register number in bits 0 to 6, bit 16 to write it. */
  private transfer(value: number): void {
    if (!this.halted) return this.violation("DCRSR while the core runs");
    const number = value & 0x7f;
    if (value & (1 << 16)) this.registers.set(number, this.data);
    else this.data = this.registers.get(number) ?? 0;
  }

  private requestReset(value: number): void {
    if (value >>> 16 !== vectorKey) return this.violation("AIRCR written without its key");
    if (value & systemReset) this.onReset();
  }
}
