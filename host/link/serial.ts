// A Pipe over a serial device: a UART, a USB-CDC port or a pty. Mends the traps of serialport 13 (serial_mend.ts) and tells
// absent, busy and forbidden apart. Knows nothing of frames or bootloaders, and reopens nothing: a pipe that is gone stays gone.

import { SerialPort } from "serialport";
import { FtteError } from "../errors.ts";
import { Arriving } from "./arriving.ts";
import { permissionRemedy, serialFacts } from "./permission.ts";
import type { OpenPipe, Pipe } from "./pipe.ts";
import { mendBinding } from "./serial_mend.ts";

export const defaultBaudRate = 921_600;

/**
 * Opens and locks a serial device. DTR and RTS are raised together, which starts USB-CDC boards talking and does not reset ESP32
 * boards; devices without such lines (ptys) are left as they are.
 * @throws FtteError "port-absent", "port-busy" or "port-forbidden"
 */
export const openSerial: OpenPipe = async (address, options = {}) => {
  const device = await openDevice(address, options.baudRate ?? defaultBaudRate);
  await device.setSignals({ dtr: true, rts: true });
  return device;
};

/**
 * Opens and locks a serial device, and leaves DTR and RTS as they are.
 * @throws FtteError "port-absent", "port-busy" or "port-forbidden"
 */
export async function openDevice(address: string, baudRate: number): Promise<SerialDevice> {
  const port = new SerialPort({ path: address, baudRate, autoOpen: false, lock: true, hupcl: false });
  await openLocked(port);
  return new SerialDevice(address, port, mendBinding(port.port));
}

/** What a bootloader needs of a line beyond its bytes. */
export interface Signals {
  dtr?: boolean;
  rts?: boolean;
}

const lockTries = 8;
const lockRetryMs = 25;

/** A child process that this one is starting holds our descriptors, with their locks, until it executes: a lock may outlive our close. */
async function openLocked(port: SerialPort): Promise<void> {
  for (let tries = 1; ; tries++) {
    const error = await new Promise<Error | null>((resolve) => port.open(resolve));
    if (!error) return;
    const told = openError(port.path, error);
    if (told.code !== "port-busy" || tries === lockTries) throw told;
    await new Promise((resolve) => setTimeout(resolve, lockRetryMs));
  }
}

class SerialDevice implements Pipe {
  readonly closed: Promise<string>;
  private gone: string | undefined;
  private signals: Required<Signals> = { dtr: false, rts: false };
  private readonly arriving = new Arriving();

  constructor(
    readonly address: string,
    private readonly port: SerialPort,
    private readonly released: () => Promise<unknown>,
  ) {
    this.closed = new Promise((resolve) => {
      const end = (reason: string) => {
        this.gone ??= reason;
        resolve(this.gone);
      };
      port.on("close", (error: Error | null) => end(error ? `the device is gone: ${error.message}` : "closed"));
      port.on("error", (error) => end(`the device is gone: ${error.message}`));
    });
    port.on("data", (bytes: Buffer) => this.arriving.take(bytes));
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.arriving.listen(listener);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.gone !== undefined || !this.port.isOpen) throw this.lost();
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await Promise.race([
      new Promise<void>((resolve, reject) =>
        this.port.write(chunk, (error) => (error ? reject(this.lost(error)) : resolve())),
      ),
      this.closed.then(() => Promise.reject(this.lost())),
    ]);
  }

  /** Bytes that were written must have left: wait for an answer to them. @throws FtteError "link-gone", also of a rate that the device has not */
  async setBaudRate(baudRate: number): Promise<void> {
    if (this.gone !== undefined || !this.port.isOpen) throw this.lost();
    await new Promise<void>((resolve, reject) =>
      this.port.update({ baudRate }, (error) => (error ? reject(this.lost(error)) : resolve())),
    );
  }

  /** Both lines change in one step; one that is left out stays as it was last set here. Devices without such lines (ptys) ignore it. */
  async setSignals(signals: Signals): Promise<void> {
    this.signals = { ...this.signals, ...signals }; // serialport raises what it is not told
    if (!this.port.isOpen) throw this.lost();
    await new Promise<void>((resolve) => this.port.set(this.signals, () => resolve()));
  }

  async close(): Promise<void> {
    if (this.port.isOpen) await new Promise<void>((resolve) => this.port.close(() => resolve()));
    await this.closed;
    await this.released();
  }

  private lost(cause?: Error): FtteError {
    const reason = this.gone ?? cause?.message ?? "closed";
    return new FtteError("link-gone", `${this.address}: ${reason}`, { cause });
  }
}

/** serialport gives the errno only as text. */
function openError(address: string, cause: Error): FtteError {
  const text = cause.message;
  if (/no such (file|device)|cannot find|not a directory/i.test(text))
    return new FtteError(
      "port-absent",
      `${address}: there is no such device; is the board plugged in? See: ftte boards`,
      {
        cause,
      },
    );
  if (/permission denied|operation not permitted/i.test(text)) {
    const remedy = permissionRemedy(serialFacts(address));
    return new FtteError("port-forbidden", `${address}: this user may not open the port; ${remedy}`, { cause });
  }
  if (/cannot lock|busy|temporarily unavailable|access (is )?denied/i.test(text))
    // denied: Windows, where ports have no owner
    return new FtteError(
      "port-busy",
      `${address}: another program has the port open; close it (to find it: fuser ${address})`,
      { cause },
    );
  return new FtteError("port-absent", `${address}: cannot be opened as a serial port: ${text}`, { cause });
}
