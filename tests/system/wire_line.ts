// A board's line without our host on it: frames as a test makes them, replies as they come.

import { boardError } from "../../host/errors.ts";
import { openSerial } from "../../host/link/serial.ts";
import { encodeFrame, type Frame, FrameParser } from "../../host/wire/frame.ts";
import { decodeErrorReply, FrameType, Reply } from "../../host/wire/spec.gen.ts";

export interface Line {
  /** The replies to one request that is sent `times` times, 2 by default: what comes twice must do no harm, and be answered alike. */
  ask(type: number, body?: Uint8Array, request?: { id?: number; offset?: number; times?: number }): Promise<Frame[]>;
  /** The name of the error that all replies carry, or "ok"; "mixed" when they differ. */
  outcome(type: number, body?: Uint8Array, request?: { id?: number; offset?: number; times?: number }): Promise<string>;
  /** The first reply's body, decoded. @throws Error with the error's name when the board refuses */
  get<T>(decode: (body: Uint8Array) => T, type: number, body?: Uint8Array): Promise<T>;
  /** Sends bytes and returns the frames that come before the answer to a hello behind them: all that the board has to say to them. */
  send(bytes: Uint8Array): Promise<Frame[]>;
  /** Returns when the board answers, which has just been told to restart. */
  alive(): Promise<void>;
  close(): Promise<void>;
}

const none = new Uint8Array(0);
const answerMs = 10_000;
const probeId = 255;

/** "ok", or the name of a board's error. */
export const outcomeOf = (frame: Frame): string =>
  frame.type === Reply.error ? (boardError(decodeErrorReply(frame.body).code).name ?? "unknown") : "ok";

export async function openLine(address: string): Promise<Line> {
  const pipe = await openSerial(address);
  const parser = new FrameParser();
  let heard: Frame[] = [];
  let wake = () => {};
  let lastId = 0;
  pipe.onData((bytes) => {
    heard.push(...parser.push(bytes));
    wake();
  });
  const replies = async (type: number, id: number, count: number, waitMs = answerMs): Promise<Frame[]> => {
    const endMs = performance.now() + waitMs;
    for (;;) {
      const answers = (frame: Frame) => frame.type === (type | Reply.flag) || frame.type === Reply.error;
      const mine = heard.filter((frame) => frame.id === id && answers(frame));
      if (mine.length >= count || performance.now() > endMs) return mine;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  };
  const ask: Line["ask"] = async (type, body = none, { id = (lastId % 250) + 1, offset = 0, times = 2 } = {}) => {
    lastId = id;
    heard = [];
    await pipe.write(Buffer.concat(Array.from({ length: times }, () => encodeFrame({ type, id, offset, body }))));
    const got = await replies(type, id, times);
    if (got.length < times) throw new Error(`${got.length} replies to ${times} frames of type ${type}`);
    return got;
  };
  return {
    ask,
    async outcome(type, body, request) {
      const names = new Set((await ask(type, body, request)).map(outcomeOf));
      return names.size === 1 ? [...names][0]! : "mixed";
    },
    async get(decode, type, body) {
      const [frame] = await ask(type, body);
      if (outcomeOf(frame!) !== "ok") throw new Error(outcomeOf(frame!));
      return decode(frame!.body);
    },
    async send(bytes) {
      heard = [];
      const behind = encodeFrame({ type: FrameType.hello, id: probeId, offset: 0, body: none });
      await pipe.write(Buffer.concat([bytes, Uint8Array.of(0), behind]));
      if ((await replies(FrameType.hello, probeId, 1)).length === 0) throw new Error("the board says nothing any more");
      return heard.filter((frame) => frame.id !== probeId);
    },
    async alive() {
      const hello = encodeFrame({ type: FrameType.hello, id: probeId, offset: 0, body: none });
      heard = [];
      for (let tries = 0; tries < 100; tries++) {
        await pipe.write(Buffer.concat([Uint8Array.of(0), hello]));
        if ((await replies(FrameType.hello, probeId, 1, 100)).length > 0) return;
      }
      throw new Error("the board does not come back");
    },
    close: () => pipe.close(),
  };
}
