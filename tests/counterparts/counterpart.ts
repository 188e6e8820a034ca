// What all counterparts are: the far end of a flashing protocol, written from the vendor's documents alone and never from our client.
// Bytes go in by `receive` and come out by `onSend`; faults are applied to whole packets between. A counterpart is strict: what the client
// does against the document is put down in `violations` and answered as the document says. Time, ports and processes are not its business.
import { type FaultPlan, PacketFaults } from "./faults.ts";

/** How packets are cut out of bytes, and put into them. */
export interface Framing {
  push(bytes: Uint8Array): Buffer[];
  encode(packet: Uint8Array): Buffer;
  /** Half a packet was lost with the power. */
  reset(): void;
}

export abstract class Counterpart {
  /** What the client did against the protocol; what the planned faults did to its packets is left out. */
  readonly violations: string[] = [];
  onSend: (bytes: Buffer) => void = () => {};
  /** Called once, when a fault unplugs the board: not a byte passes any more. */
  onUnplug: () => void = () => {};
  protected readonly plan: FaultPlan;
  private readonly faults: PacketFaults;
  private readonly framing: Framing;
  private harmed = false;

  constructor(plan: FaultPlan, framing: (onViolation: (text: string) => void) => Framing) {
    this.plan = plan;
    this.faults = new PacketFaults(plan, () => this.onUnplug());
    this.framing = framing((text) => this.violation(text));
  }

  /** Packets so far, for sweeps that harm each one in turn. */
  get packets(): { readonly in: number; readonly out: number } {
    return this.faults.counted;
  }

  get unplugged(): boolean {
    return this.faults.unplugged;
  }

  receive(bytes: Uint8Array): void {
    for (const packet of this.framing.push(bytes))
      this.faults.pass("in", packet, (passed) => {
        this.harmed = passed.harmed;
        this.handle(passed.bytes);
        this.harmed = false;
      });
  }

  /** After an unplug: power is back, flash is as it was, everything else is new. Attach it to a line again. */
  replug(): void {
    this.faults.replug();
    this.framing.reset();
    this.powerUp();
  }

  protected abstract handle(packet: Buffer): void;

  protected abstract powerUp(): void;

  protected send(packet: Uint8Array): void {
    this.faults.pass("out", packet, (passed) => this.onSend(this.framing.encode(passed.bytes)));
  }

  protected violation(text: string): void {
    if (!this.harmed) this.violations.push(text);
  }
}

/** What a pty can be put in front of: bytes, and what a UART or USB stack sees of its line. */
export interface SerialDevice {
  receive(bytes: Uint8Array): void;
  onSend: (bytes: Buffer) => void;
  onUnplug: () => void;
  /** The client's baud rate, before the first byte at it. */
  lineRate?(baudRate: number): void;
  lineClosed?(): void;
}
