// The log of a real board, frame by frame: who gets it, from where on, and what is lost.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeLogEntries } from "../../host/boards/log_cursor.ts";
import { encodeFrame, type Frame } from "../../host/wire/frame.ts";
import {
  BlobKind,
  decodeLogState,
  encodeLogRequest,
  FrameType,
  type LogEntry,
  LogLevel,
  logMessages,
  Reply,
  ResetKind,
  ResetReason,
} from "../../host/wire/spec.gen.ts";
import { type LiveBoard, liveBoard } from "./live_board.ts";
import { Bench, none, taskOf } from "./wire_bench.ts";
import { outcomeOf } from "./wire_line.ts";

let live: LiveBoard;
let bench: Bench;
beforeAll(async () => {
  live = await liveBoard("log", { further: ["--baud", "0"] });
  bench = await Bench.on(live);
}, 60_000);
afterAll(async () => {
  await bench.close();
  await live.end();
});

const requestOf = (level: number, from = 0, resets = 1) => encodeLogRequest({ level, reserved: 0, resets, from });
const logFrame = (level: number, from = 0, resets = 1) =>
  encodeFrame({ type: FrameType.log, id: 9, offset: 0, body: requestOf(level, from, resets) });
const isLog = (frame: Frame) => frame.id === 0 && frame.type === (FrameType.log | Reply.flag);

type Numbered = LogEntry & { number: number; name: string };
const entriesOf = (frames: Frame[]): Numbered[] =>
  frames
    .filter(isLog)
    .flatMap(({ offset, body }) =>
      decodeLogEntries(body).map((entry, i) => ({ ...entry, number: offset + i, name: logMessages[entry.code]!.name })),
    );

/** Sends bytes and collects what the board says until it has said entry number `last - 1`. */
async function entriesUntil(last: number, bytes: Uint8Array): Promise<{ entries: Numbered[]; frames: Frame[] }> {
  const frames = await bench.line.send(bytes);
  const endMs = performance.now() + 20_000;
  while (!entriesOf(frames).some(({ number }) => number === last - 1) && performance.now() < endMs)
    frames.push(...(await bench.line.send(none)));
  return { entries: entriesOf(frames), frames };
}

const state = async (level: number, from = 0xffffffff) =>
  decodeLogState((await bench.line.ask(FrameType.log, requestOf(level, from), { times: 1 }))[0]!.body);
const quiet = () => bench.line.ask(FrameType.log, requestOf(LogLevel.off), { times: 1 });

describe("the log", () => {
  it("tells nothing to a host that has not asked", async () => {
    expect(await bench.outcome(100)).toBe("command-unknown"); // which is logged
    expect((await bench.line.send(none)).filter(isLog)).toEqual([]);
  });

  it("begins with how the board started, in the order in which it happened, for one that asks later", async () => {
    const { next, resets } = await state(LogLevel.off);
    expect(resets).toBe(1);
    const { entries } = await entriesUntil(next, logFrame(LogLevel.info));
    expect(entries.map(({ number }) => number)).toEqual([...entries.keys()]);
    expect(entries[0]).toMatchObject({ name: "started", level: LogLevel.info, a: ResetReason.powerOn, b: 1 });
    expect(entries.map(({ ms }) => ms)).toEqual(entries.map(({ ms }) => ms).toSorted((a, b) => a - b));
    expect(entries.find(({ name }) => name === "refused")).toMatchObject({ a: 100 });
    await quiet();
  });

  it("goes on where the host says, and not before", async () => {
    const { next } = await state(LogLevel.off);
    await bench.outcome(101, none); // twice
    const { entries } = await entriesUntil(next + 2, logFrame(LogLevel.info, next));
    expect(entries.map(({ number, a }) => [number, a])).toEqual([next, next + 1].map((number) => [number, 101]));
    await quiet();
  });

  it("tells of blobs and tasks as they come, of checkpoints to those who want all of it", async () => {
    const order = live.order(3);
    for (const level of [LogLevel.debug, LogLevel.info]) {
      await bench.rest();
      await quiet();
      const { next } = await state(level);
      await bench.equip(live.order(level));
      await bench.line.ask(FrameType.train, taskOf(live.order(level), { task: 40 + level }), { times: 1 });
      await bench.trained();
      const told = await entriesUntil((await state(level)).next, logFrame(level, next));
      // Some may still be on their way: the last round's, and this round's own, told as they came and again because they are asked for.
      const once = new Map(told.entries.map((entry) => [entry.number, entry]));
      const entries = [...once.values()].filter(({ number }) => number >= next).toSorted((a, b) => a.number - b.number);
      const names = entries.map(({ name }) => name);
      expect(names.includes("checkpointWritten")).toBe(level === LogLevel.debug);
      const own = entries.filter(({ name }) => name.startsWith("task"));
      expect(own.map(({ name }) => name)).toEqual(["taskStarted", "taskEnded"]);
      expect(own[0]).toMatchObject({ a: order.run, b: 40 + level, c: order.steps });
      expect(own[1]).toMatchObject({ a: 40 + level, b: order.steps });
      const installed = entries.filter(({ name }) => name === "installed").at(-1);
      expect(installed).toMatchObject({ a: BlobKind.slice, b: order.slice.full.length });
    }
  });

  it("gives way to replies, and what it could not say in time shows as a gap", async () => {
    await quiet();
    const { next } = await state(LogLevel.off);
    const count = 120;
    const unknown = Array.from({ length: count }, (_, i) =>
      encodeFrame({ type: 102, id: 1 + i, offset: 0, body: none }),
    );
    const { entries, frames } = await entriesUntil(
      next + count,
      Buffer.concat([logFrame(LogLevel.info, next), ...unknown]),
    );
    expect(frames.filter(({ id, type }) => id > 0 && type === Reply.error)).toHaveLength(count);
    const numbers = entries.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(numbers.length).toBeGreaterThanOrEqual(16); // what the ring holds
    expect(numbers.length).toBeLessThan(count);
    for (const { name, a } of entries) expect([name, a]).toEqual(["refused", 102]);
    await quiet();
  });

  it("begins again with the board, also for a host that has not noticed", async () => {
    await bench.reset(ResetKind.board);
    const { entries } = await entriesUntil(1, logFrame(LogLevel.info, 1, 1));
    expect(entries[0]).toMatchObject({ number: 0, name: "started", a: ResetReason.software, b: 2 });
    expect(await state(LogLevel.off)).toMatchObject({ resets: 2 });
  });

  it("refuses a level that is none, and half a request", async () => {
    expect(await bench.outcome(FrameType.log, requestOf(5))).toBe("argument");
    expect(await bench.outcome(FrameType.log, requestOf(3).subarray(0, 7))).toBe("argument");
    const [panic] = await bench.line.ask(FrameType.panic);
    expect(outcomeOf(panic!)).toBe("ok");
    expect(panic!.body.every((byte) => byte === 0)).toBe(true); // there was none
  });
});
