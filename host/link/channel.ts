// Frames over a pipe: cuts the bytes into frames, hands each to whoever waits for its id, counts every byte. No commands, no retries.

import { FtteError } from "../errors.ts";
import { encodeFrame, type Frame, FrameParser } from "../wire/frame.ts";
import { Reply } from "../wire/spec.gen.ts";
import type { Pipe } from "./pipe.ts";

/** The frames that carry one id, in the order of their arrival. */
export interface Inbox {
  readonly id: number;
  /**
   * The next frame, or undefined when none came within `timeoutMs`.
   * @throws FtteError "link-gone" when the pipe is gone, "interrupted" when `signal` fires
   */
  next(timeoutMs: number, signal?: AbortSignal): Promise<Frame | undefined>;
  /** Ends the conversation; its id is not used again for 200 conversations. */
  end(): void;
}

/** Frames kept for a conversation that nobody reads; further ones are dropped as a lossy link would. */
const inboxMax = 256;

export class FrameChannel {
  bytesUp = 0; // from the board
  bytesDown = 0; // to the board
  repliesHeard = 0; // whole frames that a board of ours may have sent
  private readonly parser = new FrameParser();
  private readonly inboxes = new Map<number, FrameQueue>();
  private lastId = 0;
  private gone: string | undefined;
  private strayListener: (frame: Frame) => void = () => {};

  constructor(readonly pipe: Pipe) {
    pipe.onData((bytes) => this.take(bytes));
    void pipe.closed.then((reason) => {
      this.gone = reason;
      for (const inbox of this.inboxes.values()) inbox.wake();
    });
  }

  get framesBad(): number {
    return this.parser.bad;
  }

  /** Frames of no open conversation: what the board sends of its own accord, late repeats, other boards' babble. */
  onStray(listener: (frame: Frame) => void): void {
    this.strayListener = listener;
  }

  /** Opens a conversation with an id of its own, 1 to 255; 0 is the board's own frames. */
  converse(): Inbox {
    do this.lastId = (this.lastId % 255) + 1;
    while (this.inboxes.has(this.lastId));
    const id = this.lastId;
    const queue = new FrameQueue(
      id,
      () => this.gone,
      () => this.inboxes.delete(id),
    );
    this.inboxes.set(id, queue);
    return queue;
  }

  /**
   * Sends frames in one write. Returns false when the operating system did not take them within `timeoutMs` (the board does not
   * read); they may still go out later.
   * @throws FtteError "link-gone"
   */
  async send(frames: readonly Frame[], timeoutMs: number): Promise<boolean> {
    const bytes = frames.length === 1 ? encodeFrame(frames[0]!) : Buffer.concat(frames.map(encodeFrame));
    return this.sendBytes(bytes, timeoutMs);
  }

  /** A lone 0x00 ends whatever half frame the line still holds. */
  async flush(timeoutMs: number): Promise<boolean> {
    return this.sendBytes(Uint8Array.of(0), timeoutMs);
  }

  private async sendBytes(bytes: Uint8Array, timeoutMs: number): Promise<boolean> {
    this.bytesDown += bytes.length;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const written = this.pipe.write(bytes).then(() => true as const);
    written.catch(() => {}); // a write that fails after it was late is told by `closed`
    try {
      return await Promise.race([written, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private take(bytes: Uint8Array): void {
    this.bytesUp += bytes.length;
    for (const frame of this.parser.push(bytes)) {
      if (frame.type & Reply.flag) this.repliesHeard++;
      const inbox = this.inboxes.get(frame.id);
      if (inbox) inbox.put(frame);
      else this.strayListener(frame);
    }
  }
}

class FrameQueue implements Inbox {
  private readonly frames: Frame[] = [];
  private waiter: (() => void) | undefined;

  constructor(
    readonly id: number,
    private readonly goneReason: () => string | undefined,
    readonly end: () => void,
  ) {}

  put(frame: Frame): void {
    if (this.frames.length < inboxMax) this.frames.push(frame);
    this.wake();
  }

  wake(): void {
    this.waiter?.();
  }

  async next(timeoutMs: number, signal?: AbortSignal): Promise<Frame | undefined> {
    if (this.frames.length === 0 && this.goneReason() === undefined && !signal?.aborted)
      await this.wait(timeoutMs, signal);
    if (signal?.aborted) throw new FtteError("interrupted", "the exchange was given up", { cause: signal.reason });
    const frame = this.frames.shift();
    if (frame) return frame;
    const reason = this.goneReason();
    if (reason !== undefined) throw new FtteError("link-gone", `the link is gone: ${reason}`);
    return undefined;
  }

  private wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        this.waiter = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal?.addEventListener("abort", done);
      this.waiter = done;
    });
  }
}
