// Every command on a real board, as the files wire_*.test.ts try them: requests made here, each sent twice unless a test says otherwise, so
// that what comes again must do no harm.

import { createHash } from "node:crypto";
import { expect } from "vitest";
import { seeded } from "../../host/data/random.ts";
import type { Order } from "../../host/fl/fleet.ts";
import { encodeFrame } from "../../host/wire/frame.ts";
import {
  BlobKind,
  BoardState,
  decodeGetInfo,
  decodeHello,
  decodeProgress,
  decodePutAck,
  decodeStats,
  encodeGetBegin,
  encodePutBegin,
  encodeSampleAppend,
  encodeTask,
  encodeUpdateAck,
  FrameType,
  type Task,
  Verdict,
} from "../../host/wire/spec.gen.ts";
import type { LiveBoard } from "./live_board.ts";
import { type Line, openLine, outcomeOf } from "./wire_line.ts";

export const none = new Uint8Array(0);
const random = seeded(11);
export const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const three = new Uint8Array(3);

// ---- bodies ----

export const beginOf = (kind: number, bytes: Uint8Array) =>
  encodePutBegin({ kind, trialSeconds: 0, reserved: 0, total: bytes.length, sha256: sha256(bytes) });
export const getOf = (kind: number) => encodeGetBegin({ kind, reserved: three });
export const ackOf = (run: number, task: number, verdict: number = Verdict.accepted) =>
  encodeUpdateAck({ run, task, verdict, reserved: three });
export const sampleHead = (total: number, label = 2) => encodeSampleAppend({ label, reserved: 0, total });
export function taskOf(order: Order, change: Partial<Task> = {}): Uint8Array {
  const [, plan, frozen] = order.required;
  const { run, task, steps, learningRate, seed, checkpointEvery } = order;
  const named = { baseVersion: order.slice.version, planCrc: plan!.crc, frozenCrc: frozen!.crc };
  return encodeTask({ run, task, ...named, steps, learningRate, seed, checkpointEvery, flags: 0, kept: 0, ...change });
}
/** Makes a task long enough to be asked things in its middle. */
export const long = { steps: 4_000_000, checkpointEvery: 0 };

export class Bench {
  /** Requests whose outcome was compared. */
  tried = 0;

  private constructor(
    readonly board: LiveBoard,
    public line: Line,
  ) {}

  static async on(board: LiveBoard): Promise<Bench> {
    return new Bench(board, await openLine(board.board.address));
  }

  hello = () => this.line.get(decodeHello, FrameType.hello);
  progress = () => this.line.get(decodeProgress, FrameType.progress);
  stats = () => this.line.get(decodeStats, FrameType.stats);
  outcome: Line["outcome"] = (...request) => {
    this.tried++;
    return this.line.outcome(...request);
  };

  /** Puts a blob frame by frame; the outcome of its end. */
  async put(kind: number, bytes: Uint8Array): Promise<string> {
    const id = 77;
    const [begun] = await this.line.ask(FrameType.putBegin, beginOf(kind, bytes), { id });
    if (outcomeOf(begun!) !== "ok") return outcomeOf(begun!);
    const ack = decodePutAck(begun!.body);
    if (ack.done) return "ok";
    for (let at = ack.have; at < bytes.length; at += 240) {
      const frame = encodeFrame({ type: FrameType.putData, id, offset: at, body: bytes.subarray(at, at + 240) });
      await this.line.send(Buffer.concat([frame, frame]));
    }
    return this.outcome(FrameType.putEnd, none, { id });
  }

  /** @throws Error with the board's error's name */
  async get(kind: number): Promise<Uint8Array> {
    const id = 78;
    const [info] = await this.line.ask(FrameType.getBegin, getOf(kind), { id, times: 1 });
    if (outcomeOf(info!) !== "ok") throw new Error(outcomeOf(info!));
    const { total, sha256: hash } = decodeGetInfo(info!.body);
    const bytes = new Uint8Array(total);
    for (let have = 0; have < total; ) {
      const ack = encodeFrame({ type: FrameType.getAck, id, offset: have, body: Uint8Array.of(1) });
      for (const frame of await this.line.send(ack)) {
        if (frame.id !== id || frame.offset !== have) continue;
        bytes.set(frame.body, frame.offset);
        have += frame.body.length;
      }
    }
    expect(Buffer.from(hash).equals(sha256(bytes))).toBe(true);
    return bytes;
  }

  /** Puts what the order's task needs. */
  async equip(order: Order): Promise<void> {
    for (const { kind, bytes } of order.required) expect(await this.put(BlobKind[kind], bytes), kind).toBe("ok");
    expect(await this.put(BlobKind.slice, order.slice.full)).toBe("ok");
  }

  async trained(): Promise<void> {
    await expect.poll(async () => (await this.progress()).state, { timeout: 10_000 }).toBe(BoardState.reporting);
  }

  /** Ends what the board does, and lets it forget the update that waits. */
  async rest(): Promise<void> {
    await this.line.ask(FrameType.abort);
    const { run, updateTask } = await this.hello();
    if (updateTask !== 0) await this.line.ask(FrameType.updateAck, ackOf(run, updateTask, Verdict.rejected));
  }

  /** Asks for a restart, once, and returns when the board is back. */
  async reset(kind: number): Promise<void> {
    await this.line.ask(FrameType.reset, Uint8Array.of(kind), { times: 1 });
    await this.line.alive();
  }

  /** A power cut. */
  async powerCycle(): Promise<void> {
    await this.line.close();
    await this.board.board.restart();
    this.line = await openLine(this.board.board.address);
  }

  /** Closes the line and says what was tried. */
  async close(): Promise<void> {
    await this.line.close();
    console.log(`${this.tried} requests with their outcomes, each sent twice, beside those that only tell`);
  }
}
