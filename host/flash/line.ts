// A serial line as bootloaders need it: raw bytes, changes of baud rate, and the two signals by which many boards are reset.

import { openDevice, type Signals } from "../link/serial.ts";

export interface Line {
  /** Resolves when the bytes were handed to the operating system. Rejects with FtteError "link-gone" when the line is closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** One listener; bytes that arrive before it is set are kept. */
  onData(listener: (bytes: Uint8Array) => void): void;
  setBaudRate(baudRate: number): Promise<void>;
  /** True asserts, which pulls the pin low. Lines without signals (ptys) ignore it. */
  setSignals(signals: Signals): Promise<void>;
  /** Resolves once with the reason when the line is gone, also after close(). Never rejects. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
}

/** @throws FtteError "port-absent", "port-busy" or "port-forbidden", whose message names the remedy */
export type OpenLine = (address: string, baudRate: number) => Promise<Line>;

/** Over the system's serial ports and ptys. DTR and RTS are left as they are. */
export const openLine: OpenLine = openDevice;
