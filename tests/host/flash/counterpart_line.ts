// A flashing protocol's counterpart as a Line in this process, for tests of methods: its plug can be pulled by a fault, and RTS resets it as
// the transistors of Espressif's boards do (RTS low with DTR high pulls EN low).

import { FtteError } from "../../../host/errors.ts";
import type { Line, OpenLine } from "../../../host/flash/line.ts";
import type { SerialDevice } from "../../counterparts/counterpart.ts";

type Board = SerialDevice & { readonly unplugged: boolean };

/** @param onReset called when the board leaves its reset; `boot` when its boot pin is low then */
export function lineTo(counterpart: Board, onReset: (boot: boolean) => void = () => {}): OpenLine {
  return async (address, baudRate) => {
    if (counterpart.unplugged) throw new FtteError("port-absent", `${address}: there is no such device`);
    return new CounterpartLine(counterpart, baudRate, onReset);
  };
}

class CounterpartLine implements Line {
  readonly closed: Promise<string>;
  private end: (reason: string) => void = () => {};
  private gone: string | undefined;
  private signals = { dtr: false, rts: false };

  constructor(
    private readonly counterpart: Board,
    baudRate: number,
    private readonly onReset: (boot: boolean) => void,
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
    const inReset = ({ dtr, rts }: typeof before) => rts && !dtr;
    if (inReset(before) && !inReset(this.signals)) this.onReset(this.signals.dtr);
  }

  async close(): Promise<void> {
    this.counterpart.lineClosed?.();
    this.end("closed");
  }
}
