// A flashing protocol's counterpart as a Line in this process, for tests of methods: its plug can be pulled by a fault, and RTS resets it as
// the transistors of Espressif's boards do (RTS low with DTR high pulls EN low), or their chips' USB Serial/JTAG controller.

import { FtteError } from "../../../host/errors.ts";
import type { Line, OpenLine } from "../../../host/flash/line.ts";
import type { SerialDevice } from "../../counterparts/counterpart.ts";

type Board = SerialDevice & { readonly unplugged: boolean };

interface LineSignals {
  dtr: boolean;
  rts: boolean;
}
/** Takes the lines' states before and after a change; returns whether it resets the board into its boot loader (true) or firmware (false). */
type ResetWiring = (before: LineSignals, after: LineSignals) => boolean | undefined;

const isReset = ({ dtr, rts }: LineSignals) => rts && !dtr;

/** RTS alone holds EN low; what DTR says when it lets go is what the boot pin is. */
const transistors: ResetWiring = (before, after) => (isReset(before) && !isReset(after) ? after.dtr : undefined);

/** DTR alone notes that the next reset is into the loader, neither forgets it, RTS alone resets (esptool, `USBJTAGSerialReset`). */
export function usbSerialJtag(): ResetWiring {
  let intoLoader = false;
  return (before, after) => {
    if (isReset(after)) return isReset(before) ? undefined : intoLoader;
    if (!after.rts) intoLoader = after.dtr;
    return undefined;
  };
}

/** @param onReset called at the board's reset; `boot` when it is into its boot loader */
export function lineTo(
  counterpart: Board,
  onReset: (boot: boolean) => void = () => {},
  wiring: ResetWiring = transistors,
): OpenLine {
  return async (address, baudRate) => {
    if (counterpart.unplugged) throw new FtteError("port-absent", `${address}: there is no such device`);
    return new CounterpartLine(counterpart, baudRate, (before, after) => {
      const boot = wiring(before, after);
      if (boot !== undefined) onReset(boot);
    });
  };
}

class CounterpartLine implements Line {
  readonly closed: Promise<string>;
  private end: (reason: string) => void = () => {};
  private gone: string | undefined;
  private signals: LineSignals = { dtr: false, rts: false };

  constructor(
    private readonly counterpart: Board,
    baudRate: number,
    private readonly onSignals: (before: LineSignals, after: LineSignals) => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.end = (reason) => {
        this.gone ??= reason;
        resolve(this.gone);
      };
    });
    counterpart.onUnplug = () => this.end("the device is gone");
    counterpart.lineRate?.(baudRate);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.gone !== undefined) throw new FtteError("link-gone", this.gone);
    this.counterpart.receive(bytes);
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.counterpart.onSend = (bytes) => this.gone ?? listener(bytes);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    this.counterpart.lineRate?.(baudRate);
  }

  async setSignals(signals: { dtr?: boolean; rts?: boolean }): Promise<void> {
    if (this.gone !== undefined) throw new FtteError("link-gone", this.gone);
    const before = this.signals;
    this.signals = { ...before, ...signals };
    this.onSignals(before, this.signals);
  }

  async close(): Promise<void> {
    this.counterpart.lineClosed?.();
    this.end("closed");
  }
}
