// Frames in and out of a bootloader's line, with a time limit on each wait. Repeats nothing: what a silence means is the protocol's to say.

import type { Line } from "./line.ts";
import { SlipDecoder } from "./slip.ts";

/** The line closed while something was awaited or written; `reason` is the operating system's word. */
export class LineGone extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

export class SlipLine {
  private readonly decoder = new SlipDecoder();
  private readonly frames: Uint8Array[] = [];
  private wake: (() => void) | undefined;
  private gone: string | undefined;

  constructor(private readonly line: Line) {
    line.onData((bytes) => {
      this.frames.push(...this.decoder.push(bytes));
      this.wake?.();
    });
    void line.closed.then((reason) => {
      this.gone = reason;
      this.wake?.();
    });
  }

  get closed(): boolean {
    return this.gone !== undefined;
  }

  /** @throws LineGone */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.line.write(bytes);
    } catch (error) {
      throw new LineGone((error as Error).message);
    }
  }

  /** Forgets the frames that have come so far. */
  discard(): void {
    this.frames.length = 0;
  }

  /**
   * The next frame, or undefined when none came in time.
   * @throws LineGone, once all frames that came before are taken
   */
  async next(timeoutMs: number): Promise<Uint8Array | undefined> {
    const until = performance.now() + timeoutMs;
    while (this.frames.length === 0 && !this.closed && performance.now() < until)
      await this.stir(until - performance.now());
    const frame = this.frames.shift();
    if (!frame && this.gone !== undefined) throw new LineGone(this.gone);
    return frame;
  }

  /** Waits until the line closes; false when it is still open after `timeoutMs`. */
  async leaves(timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    while (!this.closed && performance.now() < until) await this.stir(until - performance.now());
    return this.closed;
  }

  /** Until a frame comes, the line closes or time is up. */
  private stir(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, timeoutMs));
      this.wake = done;
    });
  }
}
