// A serial line between a client and a bootloader's counterpart that takes the time which its baud rate says: ten bits a byte (8N1), each
// direction by itself, in real time. A piece arrives whole, when its last bit would. Counts what it carries. It models neither the latency of
// USB adapters nor full buffers.

import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { SerialDevice } from "../../counterparts/counterpart.ts";

const bitsPerByte = 10;
/** Timers come late by up to so many milliseconds; the rest is waited for turn by turn of the event loop. */
const timerSlackMs = 2;

/** Seconds that a line is busy with so many bytes. */
export const lineSeconds = (bytes: number, baudRate: number): number => (bytes * bitsPerByte) / baudRate;

async function until(atMs: number): Promise<void> {
  const leftMs = () => atMs - performance.now();
  if (leftMs() > timerSlackMs) await sleep(leftMs() - timerSlackMs);
  while (leftMs() > 0) await turn();
}

/** One direction. */
class Wire {
  /** At each rate, the bytes so far. */
  readonly carried = new Map<number, number>();
  private freeAtMs = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly pace: number) {}

  push(bytes: Uint8Array, baudRate: number, deliver: (bytes: Uint8Array) => void): void {
    this.carried.set(baudRate, (this.carried.get(baudRate) ?? 0) + bytes.length);
    const atMs = Math.max(performance.now(), this.freeAtMs) + (1000 * lineSeconds(bytes.length, baudRate)) / this.pace;
    this.freeAtMs = atMs;
    this.last = this.last.then(() => until(atMs)).then(() => deliver(bytes));
  }
}

/** The device, behind such a line; put this one behind a pty. */
export class PacedLine implements SerialDevice {
  onSend: (bytes: Buffer) => void = () => {};
  onUnplug: () => void = () => {};
  private readonly toDevice: Wire;
  private readonly fromDevice: Wire;
  private baudRate = 115_200; // until the client sets one

  /** @param pace how many times as fast as the clock; Infinity only counts */
  constructor(
    private readonly device: SerialDevice,
    pace = 1,
  ) {
    this.toDevice = new Wire(pace);
    this.fromDevice = new Wire(pace);
    device.onUnplug = () => this.onUnplug();
    device.onSend = (bytes) => {
      this.fromDevice.push(Buffer.from(bytes), this.baudRate, (arrived) => this.onSend(Buffer.from(arrived)));
    };
  }

  /** Seconds in which one of the directions was busy, each byte counted: no protocol here sends in both at once. */
  get busySeconds(): number {
    const all = [...this.toDevice.carried, ...this.fromDevice.carried];
    return all.reduce((sum, [baudRate, bytes]) => sum + lineSeconds(bytes, baudRate), 0);
  }

  receive(bytes: Uint8Array): void {
    this.toDevice.push(Uint8Array.from(bytes), this.baudRate, (arrived) => this.device.receive(arrived));
  }

  lineRate(baudRate: number): void {
    this.baudRate = baudRate;
    this.device.lineRate?.(baudRate);
  }

  lineClosed(): void {
    this.device.lineClosed?.();
  }
}
