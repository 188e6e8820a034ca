// Blobs over frames, both directions, as docs/wire.md draws them: begin, resume, window, go-back-n, SHA-256 at the end. The board's
// side is firmware/core/link/transfer.c. Keeps nothing beyond a call except what the caller holds (PartialBlob), and decides nothing
// about when a blob is sent.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { boardError, FtteError } from "../errors.ts";
import type { Frame } from "../wire/frame.ts";
import {
  type BlobKind,
  boardErrors,
  decodeErrorReply,
  decodeGetInfo,
  decodePutAck,
  ErrorReplyBytes,
  encodeGetBegin,
  encodePutBegin,
  FrameType,
  frameBodyMax,
  GetInfoBytes,
  type PutAck,
  PutAckBytes,
  Reply,
} from "../wire/spec.gen.ts";
import type { FrameChannel, Inbox } from "./channel.ts";
import { type Pace, Retransmit } from "./retransmit.ts";

export interface TransferOptions extends Pace {
  /** For messages, e.g. "wrist-07". */
  board: string;
  /** The board's receive window from its hello, when it is known. */
  windowBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the bytes that the receiver has, in ascending order within an attempt. */
  onProgress?: ((have: number, total: number) => void) | undefined;
  /** Of a put: how long the board uses the blob, from its first use, before it goes back to the one before; 1 to 255. Without it: for good. */
  trialSeconds?: number | undefined;
}

/** What a get has so far. Hand the same object to the next attempt and it goes on where the last one ended. */
export interface PartialBlob {
  sha256: string;
  bytes: Uint8Array;
  have: number;
}

export const emptyPartial = (): PartialBlob => ({ sha256: "", bytes: new Uint8Array(0), have: 0 });

const smallestWindow = 240;
const hashAttempts = 3;
/** A board whose power is that bad is told of, and tried again later. */
const restartsMost = 20;

/**
 * Puts a blob onto the board; returns when the board has checked and committed it. Goes on from what the board already has.
 * @throws FtteError "board-silent", "link-gone", "interrupted", or the board's own error ("blob-long", "blob-kind", "busy", …)
 */
export async function putBlob(
  channel: FrameChannel,
  kind: BlobKind,
  bytes: Uint8Array,
  options: TransferOptions,
): Promise<void> {
  const left: Partial<Record<FtteError["code"], number>> = { "blob-hash": hashAttempts, state: restartsMost };
  for (;;) {
    const inbox = channel.converse();
    try {
      await new Put(channel, inbox, kind, bytes, options).run();
      return;
    } catch (error) {
      // A hash that differs: the board held other bytes under this hash and has forgotten them. A state: it restarted in between.
      const again = error instanceof FtteError && (left[error.code] ?? 0) > 1;
      if (!again) throw error;
      left[error.code]!--;
    } finally {
      inbox.end();
    }
  }
}

/**
 * Gets a blob from the board, checked against its SHA-256.
 * @throws FtteError "board-silent", "link-gone", "interrupted", "blob-hash" or the board's own error ("blob-absent", "blob-kind", …)
 */
export async function getBlob(
  channel: FrameChannel,
  kind: BlobKind,
  options: TransferOptions,
  partial: PartialBlob = emptyPartial(),
): Promise<Uint8Array> {
  for (let attempt = 1; attempt <= hashAttempts; attempt++) {
    const inbox = channel.converse();
    try {
      await new Get(channel, inbox, kind, options, partial).run();
    } finally {
      inbox.end();
    }
    if (sha256(partial.bytes).toString("hex") === partial.sha256) return partial.bytes;
    partial.have = 0;
  }
  throw new FtteError("blob-hash", `${options.board}: a blob arrived with a wrong SHA-256 ${hashAttempts} times`);
}

class Put {
  private acked = 0; // what the board said it has
  private next = 0; // where the next frame starts
  private window = smallestWindow;
  private sentAtMs = new Map<number, number>(); // end offset of frames sent once → when
  private readonly pace: Retransmit;
  private cautious = false; // after silence: half a window is enough to provoke an answer

  constructor(
    private readonly channel: FrameChannel,
    private readonly inbox: Inbox,
    private readonly kind: BlobKind,
    private readonly bytes: Uint8Array,
    private readonly options: TransferOptions,
  ) {
    this.pace = new Retransmit(options, options.windowBytes ?? 960);
  }

  async run(): Promise<void> {
    if (await this.begin()) return;
    while (this.acked < this.bytes.length) await this.advance();
    await this.finish();
  }

  /** True when the board already holds the whole blob and said so. */
  private async begin(): Promise<boolean> {
    const body = encodePutBegin({
      kind: this.kind,
      trialSeconds: this.options.trialSeconds ?? 0,
      reserved: 0,
      total: this.bytes.length,
      sha256: sha256(this.bytes),
    });
    const ack = await this.ask({ type: FrameType.putBegin, id: this.inbox.id, offset: 0, body });
    this.window = Math.max(smallestWindow, ack.windowBytes);
    if (ack.done) return true;
    const known = ack.have <= this.bytes.length && crc32(this.bytes.subarray(0, ack.have)) === ack.prefixCrc;
    // The board holds other bytes under this hash. Ending early is refused or fails the hash; either way it starts afresh.
    if (!known) throw await this.disown();
    this.acked = this.next = ack.have;
    this.report();
    return false;
  }

  private async disown(): Promise<FtteError> {
    await this.request(FrameType.abort).catch((error) => {
      if (!(error instanceof FtteError) || error.code === "board-silent" || error.code === "link-gone") throw error;
    });
    return new FtteError("blob-hash", `${this.options.board}: holds other bytes than those it was sent`);
  }

  private async advance(): Promise<void> {
    await this.fill();
    const frame = await this.inbox.next(this.pace.waitMs, this.options.signal);
    if (!frame) return this.timedOut();
    const ack = readPutAck(frame, this.options.board);
    if (ack) this.take(ack);
  }

  private async fill(): Promise<void> {
    const frames: Frame[] = [];
    const room = this.cautious ? Math.ceil(this.window / 2) : this.window;
    while (this.next < this.bytes.length && this.next - this.acked < room) {
      const end = Math.min(this.bytes.length, this.next + frameBodyMax, this.acked + this.window);
      frames.push(this.data(this.next, end));
      this.sentAtMs.set(end, performance.now());
      this.next = end;
    }
    if (frames.length > 0 && !(await this.channel.send(frames, this.pace.waitMs))) this.timedOut();
  }

  private data(from: number, to: number): Frame {
    return { type: FrameType.putData, id: this.inbox.id, offset: from, body: this.bytes.subarray(from, to) };
  }

  private take(ack: PutAck): void {
    if (ack.have < this.acked || ack.have > this.bytes.length) return; // an old one, overtaken
    if (ack.have > this.acked) {
      const sent = this.sentAtMs.get(ack.have);
      this.pace.useful(sent === undefined ? undefined : performance.now() - sent);
      this.cautious = false;
      for (const end of this.sentAtMs.keys()) if (end <= ack.have) this.sentAtMs.delete(end);
    }
    this.acked = ack.have;
    if (ack.nak) this.goBack();
    this.next = Math.max(this.next, this.acked);
    this.report();
  }

  private goBack(): void {
    this.next = this.acked;
    this.sentAtMs.clear();
  }

  private timedOut(): void {
    if (!this.pace.late()) throw silent(this.options.board, this.pace.patienceMs);
    this.cautious = true;
    this.goBack();
  }

  private async finish(): Promise<void> {
    for (let attempt = 1; attempt <= hashAttempts; attempt++) {
      const ack = await this.ask({ type: FrameType.putEnd, id: this.inbox.id, offset: 0, body: new Uint8Array(0) });
      if (ack.done) return;
      this.acked = this.next = Math.min(ack.have, this.bytes.length);
      while (this.acked < this.bytes.length) await this.advance();
    }
    throw new FtteError("blob-hash", `${this.options.board}: has all bytes of a blob and does not commit it`);
  }

  /** Sends a frame until an ack of its kind comes back. */
  private async ask(frame: Frame): Promise<PutAck> {
    for (;;) {
      const reply = await this.exchange(frame);
      const ack = reply && readPutAck(reply, this.options.board);
      if (!ack) continue;
      this.pace.useful();
      return ack;
    }
  }

  private async exchange(frame: Frame): Promise<Frame | undefined> {
    await this.channel.send([frame], this.pace.waitMs);
    for (;;) {
      const reply = await this.inbox.next(this.pace.waitMs, this.options.signal);
      if (!reply && !this.pace.late()) throw silent(this.options.board, this.pace.patienceMs);
      if (!reply || isReplyTo(reply, frame) || reply.type === Reply.error) return reply;
    }
  }

  private async request(type: number): Promise<void> {
    const frame = { type, id: this.inbox.id, offset: 0, body: new Uint8Array(0) };
    for (;;) {
      const reply = await this.exchange(frame);
      if (reply) return;
    }
  }

  private report(): void {
    this.options.onProgress?.(this.acked, this.bytes.length);
  }
}

class Get {
  private readonly pace: Retransmit;
  private acked: number;
  private begun = false;
  private nakAt = -1; // the gap that was already complained about

  constructor(
    private readonly channel: FrameChannel,
    private readonly inbox: Inbox,
    private readonly kind: BlobKind,
    private readonly options: TransferOptions,
    private readonly partial: PartialBlob,
  ) {
    this.pace = new Retransmit(options, options.windowBytes ?? 960);
    this.acked = partial.have;
  }

  async run(): Promise<void> {
    await this.ask();
    while (!this.begun || this.partial.have < this.partial.bytes.length) {
      const frame = await this.inbox.next(this.pace.waitMs, this.options.signal);
      if (frame) await this.take(frame);
      else if (this.pace.late()) await this.ask();
      else throw silent(this.options.board, this.pace.patienceMs);
    }
    await this.acknowledge(false); // the board may forget the transfer; when this is lost, the next begin says it
  }

  /** Asking again is the same as going back: the board sends from the offset on. */
  private async ask(): Promise<void> {
    const body = encodeGetBegin({ kind: this.kind, reserved: new Uint8Array(3) });
    this.nakAt = -1;
    await this.send({ type: FrameType.getBegin, id: this.inbox.id, offset: this.partial.have, body });
  }

  private async take(frame: Frame): Promise<void> {
    if (frame.type === Reply.error) throw refusal(frame, this.options.board);
    const type = frame.type & ~Reply.flag;
    if (type === FrameType.getBegin && frame.body.length >= GetInfoBytes) return this.takeInfo(frame);
    if (type === FrameType.getData && this.begun) return this.takeData(frame);
  }

  private async takeInfo(frame: Frame): Promise<void> {
    const info = decodeGetInfo(frame.body);
    const hash = Buffer.from(info.sha256).toString("hex");
    this.begun = true;
    this.pace.useful();
    if (hash === this.partial.sha256 && info.total === this.partial.bytes.length) return;
    const behind = this.partial.have > 0;
    Object.assign(this.partial, { sha256: hash, bytes: new Uint8Array(info.total), have: 0 });
    this.acked = 0;
    if (behind) await this.ask(); // another blob than the one half of which we hold: from its start
  }

  private async takeData(frame: Frame): Promise<void> {
    const { partial } = this;
    const fits = frame.offset + frame.body.length <= partial.bytes.length;
    if (!fits || frame.body.length === 0) return;
    if (frame.offset > partial.have) return this.complain();
    if (frame.offset < partial.have) return;
    partial.bytes.set(frame.body, partial.have);
    partial.have += frame.body.length;
    this.pace.useful();
    this.options.onProgress?.(partial.have, partial.bytes.length);
    const window = this.options.windowBytes ?? smallestWindow;
    if (partial.have - this.acked >= window / 2 && partial.have < partial.bytes.length) await this.acknowledge(false);
  }

  private async complain(): Promise<void> {
    if (this.nakAt === this.partial.have) return;
    this.nakAt = this.partial.have;
    await this.acknowledge(true);
  }

  private async acknowledge(nak: boolean): Promise<void> {
    this.acked = this.partial.have;
    await this.send({
      type: FrameType.getAck,
      id: this.inbox.id,
      offset: this.acked,
      body: Uint8Array.of(nak ? 1 : 0),
    });
  }

  private async send(frame: Frame): Promise<void> {
    await this.channel.send([frame], this.pace.waitMs);
  }
}

const isReplyTo = (reply: Frame, request: Frame) => reply.type === (request.type | Reply.flag);

function readPutAck(frame: Frame, board: string): PutAck | undefined {
  if (frame.type === Reply.error) throw refusal(frame, board);
  return frame.body.length >= PutAckBytes ? decodePutAck(frame.body) : undefined;
}

/** The board's error as ours; frames that are no error reply count as "frame". */
export function refusal(frame: Frame, board: string): FtteError {
  const long = frame.body.length >= ErrorReplyBytes;
  const { code, detail } = long ? decodeErrorReply(frame.body) : { code: boardErrors.frame.code, detail: 0 };
  const { name, text } = boardError(code);
  const beneath = boardError(detail | 0); // for some errors, the one that led to them
  return new FtteError(
    name ?? "argument",
    `${board}: ${text}${beneath.name && beneath.name !== name ? ` (${beneath.text})` : ""}`,
  );
}

/** The one wording for a board that does not answer. */
export function silent(board: string, timeoutMs: number): FtteError {
  return new FtteError(
    "board-silent",
    `${board}: no answer in ${Math.round(timeoutMs)} ms; is it powered, running ftte's firmware, and not in bootloader mode?`,
  );
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
