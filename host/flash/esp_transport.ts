// esptool-js's transport, its SLIP, over a line that may go away or be given up. Knows no command.

import { Transport } from "esptool-js";
import type { WebSerialLine } from "./web_serial.ts";

/** Of a packet that has begun. */
const gapMs = 1000;
/** How soon a lost line or a Ctrl-C is noticed. */
const goOnMs = 20;

/** @returns the error that ends the work when the line is gone or the work was given up */
export type Interruption = () => Error | undefined;

export class LineTransport extends Transport {
  constructor(
    private readonly port: WebSerialLine,
    private readonly patienceMs: number,
    private readonly interruption: Interruption,
  ) {
    super(port as never);
  }

  override trace(): void {}

  /** The next packet. @throws ESPError when there is none in time */
  override async read(timeoutMs: number): Promise<Uint8Array> {
    const endMs = performance.now() + Math.min(timeoutMs, this.patienceMs);
    for (
      let leftMs = endMs - performance.now();
      this.inWaiting() === 0 && leftMs > 0;
      leftMs = endMs - performance.now()
    ) {
      this.goOn();
      await this.port.arrival(Math.min(leftMs, goOnMs));
    }
    return super.read(Math.min(gapMs, this.patienceMs));
  }

  override async write(bytes: Uint8Array): Promise<void> {
    this.goOn();
    await super.write(bytes);
  }

  override async setSignals(dtr?: boolean, rts?: boolean): Promise<void> {
    this.goOn();
    await super.setSignals(dtr, rts);
  }

  override async disconnect(): Promise<void> {
    await this.port.close();
  }

  private goOn(): void {
    const error = this.interruption();
    if (error) throw error;
  }
}
