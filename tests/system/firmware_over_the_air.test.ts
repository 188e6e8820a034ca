// Firmware over the air, on virtual boards: the posix port's boot stage starts the new image, which is the board's own once the host heard it
// and confirmed it. Whatever is wrong with an image, and wherever the power fails, the board ends with the old or the new, says which, and works.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoardSession } from "../../host/boards/session.ts";
import { ResetReason, ReturnReason } from "../../host/wire/spec.gen.ts";
import { boardClass, claimed, type FirmwareBlob, program, renumbered, spoilt } from "./firmware_images.ts";
import { cutPositions, type FlashState, flashLog, flashOf, together } from "./flash_cuts.ts";
import { conversing, type LiveBoard, liveBoard, oneTask, rowsOf } from "./live_board.ts";
import { breakingOnce, updated } from "./over_the_air.ts";

const everyOne = process.env.FTTE_SWEEP === "1";
const lanes = 4;
const further = ["--baud", "0", "--watchdog", "2"];
const [second, third] = [2222222222, 3333333333];
const boards: LiveBoard[] = [];
let live: LiveBoard;
let folder: string;
let before: FlashState; // holds kernels, a plan and a finished task
let old: number;
let good: FirmwareBlob;
let clean: string;
let task = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-firmware-"));
  for (let i = 0; i < lanes; i++) boards.push(await liveBoard(`air-${i}`, { further, config: boardClass }));
  live = boards[0]!;
  good = await renumbered(second);
  clean = rowsOf(await oneTask(live, live.order(++task)));
  old = (await hello()).firmwareBuild;
  await live.board.kill();
  before = flashOf(live.board, join(folder, "before"));
}, 120_000);
afterAll(async () => {
  await Promise.all(boards.map((board) => board.end()));
  rmSync(folder, { recursive: true, force: true });
});

const talk = <T>(board: LiveBoard, work: (session: BoardSession) => Promise<T>) => conversing(board.session(), work);
const hello = (board = live) => talk(board, (session) => session.hello());
const report = (board = live) => talk(board, (session) => session.trial());

async function fresh(board = live): Promise<void> {
  await board.board.erase();
  before.restore(board.board);
  await board.board.start();
}

async function works(board = live): Promise<void> {
  expect(rowsOf(await oneTask(board, board.order(++task)))).toBe(clean);
}

describe("firmware over the air", () => {
  it("runs once the host heard and confirmed it, keeps what the board held, and is followed by the next", async () => {
    await fresh();
    const { kernelsCrc, planCrc, sliceVersion } = await hello();
    const first = await updated(live, good);
    expect(first).toMatchObject({ outcome: "updated", before: `0.1.0 build ${old}`, after: `0.1.0 build ${second}` });
    expect(await hello()).toMatchObject({ kernelsCrc, planCrc, sliceVersion, resetReason: ResetReason.software });
    await works();
    await live.board.restart();
    expect((await hello()).firmwareBuild).toBe(second);
    expect(await updated(live, good)).toMatchObject({ outcome: "held" });
    expect(await updated(live, await renumbered(third))).toMatchObject({ outcome: "updated" });
    await live.board.restart();
    expect((await hello()).firmwareBuild).toBe(third);
    await works();
  });

  it("outlives a reset and a factory reset, once it is confirmed", async () => {
    await fresh();
    await updated(live, good);
    for (const kind of ["board", "factory"] as const) {
      const { resets } = await hello();
      await talk(live, (session) => session.reset(kind));
      await expect.poll(async () => (await hello()).resets, { timeout: 20_000 }).toBe(resets + 1);
      expect((await hello()).firmwareBuild).toBe(second);
    }
  });

  it("gives way to the old one at a reset before it was confirmed, and can come again", async () => {
    await fresh();
    await talk(live, (session) => session.put("firmware", good.bytes, { trialSeconds: 60 }));
    expect((await hello()).firmwareBuild).toBe(old);
    await live.board.restart();
    expect((await hello()).firmwareBuild).toBe(second);
    const kernels = talk(live, (session) => session.put("kernels", new Uint8Array(9)));
    await expect(kernels).rejects.toMatchObject({ code: "trial-running" });
    await live.board.restart();
    expect((await hello()).firmwareBuild).toBe(old);
    expect(await report()).toMatchObject({ returnedReason: ReturnReason.reset });
    await works();
    expect(await updated(live, good)).toMatchObject({ outcome: "updated" });
  });
});

describe("an image", () => {
  const noProgram = Buffer.from("this is no program");
  const bad: [what: string, make: () => Promise<FirmwareBlob>, outcome: string, why: RegExp][] = [
    ["for another class", async () => claimed(noProgram, second, "wrist"), "firmware-image", /not firmware for this/],
    ["that is no program", async () => claimed(noProgram, second), "update-returned", /the new one faulted/],
    [
      "that does nothing",
      async () => program("#include <unistd.h>\nint main(void) { for (;;) pause(); }", second),
      "update-returned",
      /the new one hung, and the watchdog reset/,
    ],
    [
      "in which no kernels load",
      () => spoilt("no_guest", second),
      "update-returned",
      /the kernels failed their self-test/,
    ],
    ["that traps in its self-test", () => spoilt("trapping_guest", second), "update-returned", /the new one faulted/],
    ["that nobody hears", () => spoilt("mute", second), "update-returned", /not confirmed in its time/],
  ];
  it.concurrent.each(bad)("%s leaves the old firmware at work", async (what, make, outcome, why) => {
    const board = await liveBoard(`bad-${what.replaceAll(" ", "-")}`, { further, config: boardClass });
    try {
      expect(rowsOf(await oneTask(board, board.order(1)))).toBe(clean);
      const refused = (await updated(board, await make(), { trialSeconds: 2 })) as { message: string };
      expect(refused).toMatchObject({ outcome });
      expect(refused.message).toMatch(why);
      expect((await hello(board)).firmwareBuild).toBe(old);
      expect(rowsOf(await oneTask(board, board.order(2)))).toBe(clean);
      await board.board.restart();
      expect((await hello(board)).firmwareBuild).toBe(old);
    } finally {
      await board.end();
    }
  });
});

it("a link that breaks at any write costs the update nothing but time", { timeout: 3_600_000 }, async () => {
  await fresh();
  const counted = breakingOnce(Number.POSITIVE_INFINITY, false);
  await updated(live, good, { open: counted.open });
  const count = counted.writes();
  // The last writes are what leads to the reset, the reset, the new hello, the confirmation and the reading back.
  const last = Array.from({ length: 7 }, (_, i) => count - 1 - i);
  const breaks = everyOne ? Array.from({ length: count }, (_, i) => i) : [0, count >> 1, ...last];
  await together(breaks, lanes, async (at, lane) => {
    const board = boards[lane]!;
    await fresh(board);
    const { open } = breakingOnce(at, at % 2 === 0);
    expect(await updated(board, good, { open }), `write ${at}`).toMatchObject({ outcome: "updated" });
    await board.board.restart();
    expect((await hello(board)).firmwareBuild, `write ${at}`).toBe(second);
  });
});

/** The state before, with all of the image but its last pages: a whole transfer for every byte would take days. */
async function almostReceived(): Promise<FlashState> {
  await live.board.erase();
  before.restore(live.board);
  const cut = live.again(["--cut-after-flash-bytes", String(good.bytes.length - 20_000)]); // its pages are blank
  await cut.start();
  await updated(live, good, { patienceMs: 1 });
  await cut.kill();
  return flashOf(live.board, join(folder, "almost"));
}

it("power that fails at any byte leaves the old or, once confirmed, the new", { timeout: 36_000_000 }, async () => {
  const almost = await almostReceived();
  const log = join(folder, "log");
  await live.board.erase();
  almost.restore(live.board);
  const logged = live.again(["--flash-log", log]);
  await logged.start();
  expect(await updated(live, good)).toMatchObject({ outcome: "updated" });
  await logged.kill();
  const positions = cutPositions(flashLog(log), everyOne);
  const whole = positions.at(-1)! + 1;
  // From the last page on: commit, note of the trial, start, confirmation; then after all of it.
  const some = positions.slice(-39).filter((_, i) => i % 2 === 0);
  const tried = [...(everyOne ? positions : some), whole];
  const seen = new Map([old, second].map((build) => [build, 0]));
  await together(tried, lanes, async (at, lane) => {
    const board = boards[lane]!;
    await board.board.erase();
    almost.restore(board.board);
    const cut = board.again(["--cut-after-flash-bytes", String(at)]);
    const started = await cut.start().then(
      () => true,
      () => false,
    );
    if (started) await updated(board, good, { patienceMs: 1 });
    await cut.kill();
    await board.board.start();
    // It may be on its trial now; at the next start it is decided.
    expect([old, second], `cut at byte ${at}`).toContain((await hello(board)).firmwareBuild);
    await board.board.restart();
    const { firmwareBuild } = await hello(board);
    expect([old, second], `cut at byte ${at}`).toContain(firmwareBuild);
    seen.set(firmwareBuild, seen.get(firmwareBuild)! + 1);
    await works(board);
  });
  const [asOld, asNew] = [...seen.values()];
  console.log(
    `${tried.length} power cuts in an update of firmware: ${asOld} boards held the old then, ${asNew} the new`,
  );
  expect(asOld).toBeGreaterThan(0);
  expect(asNew).toBeGreaterThan(0);
});
