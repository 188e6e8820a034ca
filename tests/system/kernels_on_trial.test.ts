// Kernels on trial, on the real firmware: they are the board's own only once the host has heard the board over a new connection and confirmed
// them. A link that breaks at any write and power that fails at any byte of flash leave the old or the new, a board that says which, and works.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { logLine } from "../../host/boards/log_text.ts";
import type { BoardSession } from "../../host/boards/session.ts";
import { BlobKind, ReturnReason } from "../../host/wire/spec.gen.ts";
import { altered, numbered } from "../core/altered_kernels.ts";
import { cutPositions, type FlashState, flashLog, flashOf, together } from "./flash_cuts.ts";
import { conversing, kernels, type LiveBoard, liveBoard, oneTask, rowsOf, withKernels } from "./live_board.ts";
import { breakingOnce, updated } from "./over_the_air.ts";

const everyOne = process.env.FTTE_SWEEP === "1";
const lanes = 4;
const old = crc32(kernels());
const second = numbered(2);
const ofKernels = (bytes: Uint8Array) => ({ kind: "kernels", bytes }) as const;
const text = (crc: number) => crc.toString(16).padStart(8, "0");

const boards: LiveBoard[] = [];
let live: LiveBoard;
let folder: string;
let before: FlashState; // holds the real kernels, a plan and a finished task
let clean: string;
let task = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-trial-"));
  for (let i = 0; i < lanes; i++) boards.push(await liveBoard(`trial-${i}`, { further: ["--baud", "0"] }));
  live = boards[0]!;
  clean = rowsOf(await oneTask(live, live.order(++task)));
  await live.board.kill();
  before = flashOf(live.board, join(folder, "before"));
  await live.board.start();
}, 60_000);
afterAll(async () => {
  await Promise.all(boards.map((board) => board.end()));
  rmSync(folder, { recursive: true, force: true });
});

const talk = <T>(board: LiveBoard, work: (session: BoardSession) => Promise<T>) => conversing(board.session(), work);
const inUse = (board = live) => talk(board, async (session) => (await session.hello()).kernelsCrc);
const report = (board = live) => talk(board, (session) => session.trial());
/** The board's log of this start, from its first entry to one of this name. */
const logUntil = (last: string, board = live) =>
  talk(board, async (session) => {
    const texts: string[] = [];
    const { resets } = await session.hello();
    const told = new Promise<void>((done) => {
      session.onLog((_, entries) => {
        const lines = entries.map(logLine);
        texts.push(...lines.map((line) => line.text));
        if (lines.some(({ name }) => name === last)) done();
      });
    });
    await session.log("info", { resets, from: 0 });
    await told;
    return texts;
  });
const put = (bytes: Uint8Array, trialSeconds: number) =>
  talk(live, (session) => session.put("kernels", bytes, { trialSeconds }));

/** The state that every test begins with; the board does not run. */
async function asBefore(board: LiveBoard): Promise<void> {
  await board.board.erase();
  before.restore(board.board);
}
async function fresh(): Promise<void> {
  await asBefore(live);
  await live.board.start();
}

/** Trains with the kernels that the board has, and compares what they made. */
async function works(board = live): Promise<void> {
  const held = await inUse(board);
  const order = withKernels(board.order(++task), kernels());
  order.required = order.required.map((blob) => (blob.kind === "kernels" ? { ...blob, crc: held } : blob));
  expect(rowsOf(await oneTask(board, order))).toBe(clean);
}

describe("kernels over the air", () => {
  it("are the board's own once the host heard the board with them, and then only sent once", async () => {
    await fresh();
    const report = { before: text(old), after: text(crc32(second)) };
    expect(await updated(live, ofKernels(second))).toEqual({ outcome: "updated", ...report });
    await live.board.restart();
    expect(await inUse()).toBe(crc32(second));
    expect(await updated(live, ofKernels(second))).toEqual({
      outcome: "held",
      before: report.after,
      after: report.after,
    });
    await works();
  });

  it("that fail their self-test are refused, and the old ones stay", async () => {
    await fresh();
    const failing = altered("selfTest", "unreachable");
    expect(await updated(live, ofKernels(failing))).toMatchObject({ outcome: "guest-selftest" });
    expect(await inUse()).toBe(old);
    await works();
  });

  it("that nobody confirms give way when their time is over", async () => {
    await fresh();
    await put(second, 1);
    expect(await inUse()).toBe(crc32(second));
    await expect.poll(() => inUse(), { timeout: 30_000 }).toBe(old);
    expect(await report()).toMatchObject({
      returnedCrc: crc32(second),
      returnedKind: BlobKind.kernels,
      returnedReason: ReturnReason.time,
    });
    const late = talk(live, (session) => session.confirm("kernels", crc32(second)));
    await expect(late).rejects.toMatchObject({ code: "trial-over" });
    const log = await logUntil("trialReturned");
    expect(log).toContain("kernels on trial for 1 s");
    expect(log).toContain("kernels given up for what was there before: time");
    await works();
  });

  it("that nobody confirmed before a reset give way at once", async () => {
    await fresh();
    await put(second, 255);
    expect(await report()).toMatchObject({ runningKind: BlobKind.kernels });
    await live.board.restart();
    expect(await inUse()).toBe(old);
    expect(await report()).toMatchObject({ returnedReason: ReturnReason.reset, runningKind: 0 });
    await works();
  });

  it("give way to the old ones when others are sent instead, not to each other", async () => {
    await fresh();
    await put(second, 255);
    await put(numbered(3), 255);
    await live.board.restart();
    expect(await inUse()).toBe(old);
  });

  it("are confirmed by a task for them, and by being sent for good", async () => {
    await fresh();
    await put(second, 255);
    await works();
    expect(await logUntil("trialConfirmed")).toContain("kernels confirmed");
    await live.board.restart();
    expect(await inUse()).toBe(crc32(second));
    await put(kernels(), 255);
    await put(kernels(), 0);
    await live.board.restart();
    expect(await inUse()).toBe(old);
  });

  it("may be confirmed again and again, and only by their own checksum", async () => {
    await fresh();
    await put(second, 255);
    const confirm = (crc: number) => talk(live, (session) => session.confirm("kernels", crc));
    await expect(confirm(old)).rejects.toMatchObject({ code: "trial-over" });
    await confirm(crc32(second));
    await confirm(crc32(second));
    await live.board.restart();
    await confirm(crc32(second));
    expect(await inUse()).toBe(crc32(second));
  });
});

it("a link that breaks at any write costs the update nothing but time", { timeout: 600_000 }, async () => {
  await fresh();
  const counted = breakingOnce(Number.POSITIVE_INFINITY, false);
  await updated(live, ofKernels(second), { open: counted.open });
  const count = counted.writes();
  const step = everyOne ? 1 : Math.ceil(count / 6);
  const places = Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
  // The last writes are the new hello, the confirmation and the reading back.
  const breaks = [...new Set([...places, count - 3, count - 2, count - 1])].map((at, i) => ({
    at,
    after: i % 2 === 0,
  }));
  await together(breaks, lanes, async ({ at, after }, lane) => {
    const board = boards[lane]!;
    await asBefore(board);
    await board.board.start();
    const { open } = breakingOnce(at, after);
    expect(await updated(board, ofKernels(second), { open }), `write ${at}`).toMatchObject({ outcome: "updated" });
    await board.board.restart();
    expect(await inUse(board), `write ${at}`).toBe(crc32(second));
  });
});

it("power that fails at any byte leaves the old or, once confirmed, the new", { timeout: 3_600_000 }, async () => {
  const log = join(folder, "log");
  await asBefore(live);
  const logged = live.again(["--flash-log", log]);
  await logged.start();
  await updated(live, ofKernels(second));
  await logged.kill();
  const positions = cutPositions(flashLog(log), everyOne);
  const tried = everyOne ? positions : positions.filter((_, i) => i % 3 === 0 || i > positions.length - 10);
  const seen = new Map([old, crc32(second)].map((crc) => [crc, 0]));
  await together(tried, lanes, async (at, lane) => {
    const board = boards[lane]!;
    await asBefore(board);
    const cut = board.again(["--cut-after-flash-bytes", String(at)]);
    const started = await cut.start().then(
      () => true,
      () => false,
    );
    if (started) await updated(board, ofKernels(second), { patienceMs: 1 });
    await cut.kill();
    await board.board.start();
    const held = await inUse(board);
    expect([...seen.keys()], `cut at byte ${at}`).toContain(held);
    seen.set(held, seen.get(held)! + 1);
    expect(await updated(board, ofKernels(second)), `cut at byte ${at}`).toMatchObject({ after: text(crc32(second)) });
    await works(board);
  });
  const [asOld, asNew] = [...seen.values()];
  console.log(
    `${tried.length} power cuts in an update of the kernels: ${asOld} boards held the old then, ${asNew} the new`,
  );
  expect(asOld).toBeGreaterThan(0);
});
