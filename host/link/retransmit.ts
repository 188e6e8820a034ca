// When to send again: a smoothed round-trip time with its spread (RFC 6298), started from what the baud rate makes of a window, and
// a patience that ends in "silent". Knows no frames.

export interface Pace {
  /** Of the line; sets the first time-out. */
  baudRate?: number | undefined;
  /** How long nothing useful may arrive before the board counts as silent. */
  patienceMs?: number | undefined;
}

export const defaultPatienceMs = 10_000;
const leastMs = 60; // a busy gateway's timers are no better
const mostMs = 2_000;
/** A board may erase a page or run a training step before it answers. */
const boardDelayMs = 200;
const bitsPerByte = 10;

export class Retransmit {
  readonly patienceMs: number;
  private timeoutMs: number;
  private meanMs: number | undefined;
  private spreadMs = 0;
  private lastUseful: number;

  constructor(
    pace: Pace,
    windowBytes: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.patienceMs = pace.patienceMs ?? defaultPatienceMs;
    const wireMs = (2 * windowBytes * bitsPerByte * 1000) / (pace.baudRate ?? 921_600);
    this.timeoutMs = clamp(wireMs + boardDelayMs);
    this.lastUseful = nowMs();
  }

  /** How long to wait for the next frame. */
  get waitMs(): number {
    return Math.max(1, Math.min(this.timeoutMs, this.lastUseful + this.patienceMs - this.nowMs()));
  }

  /** Something new arrived; `roundTripMs` when it answers something that was sent once only (Karn's rule). */
  useful(roundTripMs?: number): void {
    this.lastUseful = this.nowMs();
    if (roundTripMs === undefined) return;
    if (this.meanMs === undefined) {
      this.meanMs = roundTripMs;
      this.spreadMs = roundTripMs / 2;
    } else {
      this.spreadMs += (Math.abs(this.meanMs - roundTripMs) - this.spreadMs) / 4;
      this.meanMs += (roundTripMs - this.meanMs) / 8;
    }
    this.timeoutMs = clamp(this.meanMs + 4 * this.spreadMs + leastMs);
  }

  /** Nothing arrived in time: waits twice as long from now on. False when the patience is used up. */
  late(): boolean {
    this.timeoutMs = clamp(this.timeoutMs * 2);
    return !this.spent;
  }

  /** True when nothing useful came for as long as the patience lasts. */
  get spent(): boolean {
    return this.nowMs() - this.lastUseful >= this.patienceMs;
  }
}

const clamp = (ms: number) => Math.min(mostMs, Math.max(leastMs, ms));
