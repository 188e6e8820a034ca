// Kernels sent to a real board: good ones go to the other slot, pass their self-test and are used; bad ones leave the previous ones in use
// and the board at work, whether they fail their self-test, trap, recurse or loop for ever, do not load, lack what a board needs, or are
// cut off by a power failure at any moment. Kernels that hang only in a task cost that task, not the board and not the run.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import type { BoardSession } from "../../host/boards/session.ts";
import { builtGuest } from "../../host/build/root.ts";
import type { FtteError } from "../../host/errors.ts";
import type { RunEvent } from "../../host/fl/events.ts";
import { encodeDelta, rowsBytes } from "../../host/plan/slice.ts";
import { abiVersion, BoardState, ResetReason } from "../../host/wire/spec.gen.ts";
import { altered, numbered, rewritten } from "../core/altered_kernels.ts";
import { cutPositions, type FlashState, flashLog, flashOf, together } from "./flash_cuts.ts";
import { conversing, kernels, type LiveBoard, liveBoard, oneTask, plan, rowsOf, withKernels } from "./live_board.ts";
import { smallRun } from "./small_run.ts";

/** A call that only its deadline ends, or a watchdog that bites before it. */
const forEver = "(loop (call $nothing) (br 0)) unreachable";
/** What step did before. */
const asBefore = "local.get 0 local.get 1 local.get 2 call $original";

let live: LiveBoard;
let clean: string;
let task = 0;
/** Makes the board's present kernels train, and compares what they made. */
async function works(board = live): Promise<void> {
  const session = await board.session();
  const held = await session.hello();
  await session.close();
  const order = withKernels(board.order(++task), kernels());
  order.required = order.required.map((blob) => (blob.kind === "kernels" ? { ...blob, crc: held.kernelsCrc } : blob));
  expect(rowsOf(await oneTask(board, order))).toBe(clean);
}

const talk = <T>(board: LiveBoard, work: (session: BoardSession) => Promise<T>, patienceMs = 20_000) =>
  conversing(board.session(patienceMs), work);

beforeAll(async () => {
  live = await liveBoard("wrist-07");
  clean = rowsOf(await oneTask(live, live.order(++task)));
}, 60_000);
afterAll(() => live.end());

describe("good kernels", () => {
  it("go to the other slot and are used", async () => {
    const { partitions } = loadBoardConfig("virtual-64k").flash;
    const second = numbered(2);
    await talk(live, (session) => session.put("kernels", second));
    const flash = readFileSync(join(live.board.options.folder, "wrist-07", "flash.bin"));
    const slots = [0, 1].map((i) => flash.subarray(i * partitions.kernels, (i + 1) * partitions.kernels));
    for (const either of [kernels(), second])
      expect(slots.filter((slot) => slot.includes(Buffer.from(either)))).toHaveLength(1);
    expect((await talk(live, (session) => session.hello())).kernelsCrc).toBe(crc32(second));
    await works();

    const telling = altered("step", "f32.const 0.25"); // trains nothing, and its loss tells
    const order = withKernels({ ...live.order(++task), steps: 4 }, telling);
    const losses = new Set<number>();
    await oneTask(live, order, {
      on: (event) => event.type === "progress" && event.progress.step > 0 && losses.add(event.progress.loss),
    });
    expect([...losses]).toEqual([0.25]);
    await talk(live, (session) => session.put("kernels", kernels()));
    await works();
  });

  it("may bring layers of their own, which count instead of the firmware's", async () => {
    const own = readFileSync(builtGuest("kernels.layers.wasm"));
    await talk(live, (session) => session.put("kernels", own));
    await works();

    const others = rewritten(/"blas" "srelu"/, '"blas" "ssigmoid"', own);
    await talk(live, (session) => session.put("kernels", others));
    expect(rowsOf(await oneTask(live, withKernels(live.order(++task), others)))).not.toBe(clean);
    await talk(live, (session) => session.put("kernels", kernels()));
    await works();
  });
});

describe("bad kernels", () => {
  const half = kernels().subarray(0, kernels().length >> 1);
  const bad: [what: string, bytes: Uint8Array, cause: RegExp][] = [
    ["fail their self-test", altered("selfTest", "i32.const -21"), /failed their self-test; the previous ones stay/],
    ["trap in their self-test", altered("selfTest", "unreachable"), /self-test.*\(the kernels trapped\)/],
    ["recurse for ever", altered("selfTest", "call $instead"), /self-test.*\(the kernels trapped\)/],
    ["read outside their memory", altered("selfTest", "i32.const -8 i32.load"), /self-test.*\(the kernels trapped\)/],
    [
      "have another ABI",
      altered("abi", `i32.const ${abiVersion + 1}`),
      /self-test.*\(the kernels speak another guest ABI\)/,
    ],
    ["put the plan nowhere", altered("planAt", "i32.const 8"), /self-test.*\(the kernels speak another guest ABI\)/],
    ["lack an export", rewritten(/\(export "step"/, '(export "stepp"'), /self-test.*\(.*another guest ABI\)/],
    [
      "import what the board lacks",
      rewritten(/"blas" "isamax"/, '"blas" "isamin"'),
      /\(the kernels cannot be loaded\)/,
    ],
    ["loop without a call", altered("selfTest", "(loop (br 0)) unreachable"), /\(the kernels cannot be loaded\)/],
    ["are half of a module", half, /self-test.*\(the kernels cannot be loaded\)/],
    ["are no module", Buffer.from("these are no kernels"), /self-test.*\(the kernels cannot be loaded\)/],
    ["are an empty module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), /self-test/],
  ];
  it.each(bad)("that %s leave the previous ones in use", async (_, bytes, cause) => {
    const before = await talk(live, (session) => session.hello());
    const error = await talk(live, (session) => session.put("kernels", bytes).catch((e) => e as FtteError));
    expect(error).toMatchObject({ code: "guest-selftest", message: expect.stringMatching(/^wrist-07: /) });
    expect((error as FtteError).message).toMatch(cause);
    expect((await talk(live, (session) => session.hello())).kernelsCrc).toBe(before.kernelsCrc);
    await works();
    await live.board.restart();
    const after = await talk(live, (session) => session.hello());
    expect(after).toMatchObject({ kernelsCrc: before.kernelsCrc, state: BoardState.idle });
    await works();
  });

  it("that are longer than their partition are refused before a byte is sent", async () => {
    await expect(talk(live, (session) => session.put("kernels", new Uint8Array(20_000)))).rejects.toMatchObject({
      code: "blob-long",
    });
    await works();
  });
});

describe("kernels that loop for ever", () => {
  let watched: LiveBoard;
  beforeAll(async () => {
    watched = await liveBoard("wrist-08", { further: ["--watchdog", "0.3"] });
    expect(rowsOf(await oneTask(watched, watched.order(++task)))).toBe(clean);
  }, 60_000);
  afterAll(() => watched.end());

  const resets = async () => {
    const stats = await talk(watched, (session) => session.stats());
    return new DataView(stats.resets.buffer, stats.resets.byteOffset).getUint16(2 * ResetReason.watchdog, true);
  };

  it("in their self-test fall to the watchdog, once", { timeout: 60_000 }, async () => {
    const looping = altered("selfTest", forEver);
    // The board restarts under the transfer; the host begins again and is told.
    const put = () => talk(watched, (session) => session.put("kernels", looping), 30_000);
    await expect(put()).rejects.toMatchObject({
      code: "guest-selftest",
      message: expect.stringMatching(/^wrist-08: /),
    });
    expect(await talk(watched, (session) => session.hello())).toMatchObject({
      kernelsCrc: crc32(kernels()),
      resetReason: ResetReason.watchdog,
    });
    await expect(put()).rejects.toMatchObject({ code: "guest-selftest" }); // refused before a byte is sent
    expect(await resets()).toBe(1);
    await works(watched);
  });

  it.each([
    ["step", forEver],
    ["check", forEver],
    ["step", `(if (i32.eq (local.get 1) (i32.const 2)) (then (loop (call $nothing) (br 0)))) ${asBefore}`],
  ] as const)("in %s cost the task, not the board: %s", { timeout: 60_000 }, async (name, body) => {
    const before = await resets();
    const order = withKernels(watched.order(++task), altered(name, body));
    await expect(oneTask(watched, order, { patienceMs: 30_000 })).rejects.toThrow(
      /wrist-08: the kernels did not finish within their deadline/,
    );
    // The same task again, as after a restart of the host: refused at once, not tried for ever.
    await expect(oneTask(watched, order, { patienceMs: 30_000 })).rejects.toThrow(/within their deadline/);
    expect(await resets()).toBe(before + 1);
    await watched.board.restart(); // and a power cut does not bring it back either
    expect(await talk(watched, (session) => session.hello())).toMatchObject({ state: BoardState.idle, task: 0 });
    await talk(watched, (session) => session.put("kernels", kernels()));
    await works(watched);
  });

  it("while a delta is applied cost the delta; the whole slice is sent instead", { timeout: 60_000 }, async () => {
    const looping = altered("decodeRow", forEver);
    const order = withKernels(watched.order(++task), looping);
    const { sliceVersion, sliceCrc } = await talk(watched, (session) => session.hello());
    const from = { version: sliceVersion, crc: sliceCrc };
    const delta = encodeDelta(from, order.slice, new Uint8Array(rowsBytes(plan)), "int8"); // the same values
    order.slice.delta = { baseVersion: from.version, baseCrc: from.crc, bytes: delta };
    const before = await resets();
    const update = await oneTask(watched, order, { patienceMs: 30_000 });
    expect(rowsOf(update)).toBe(clean);
    expect(await resets()).toBe(before + 1);
    await talk(watched, (session) => session.put("kernels", kernels()));
    await works(watched);
  });
});

describe("a run with kernels that hang on one board's data", () => {
  it("goes on without that board", { timeout: 120_000 }, async () => {
    const further = ["--watchdog", "0.3", "--baud", "0"];
    const hanging = altered(
      "step",
      `(if (i32.eq (local.get 1) (i32.const 2)) (then (loop (call $nothing) (br 0)))) ${asBefore}`,
    );
    const fine = await liveBoard("fine", { further, label: (i) => i % 2 });
    const hangs = await liveBoard("hangs", { further, label: () => 2 });
    const notices = (events: readonly RunEvent[]) => events.flatMap((e) => (e.type === "notice" ? [e.text] : []));
    try {
      const run = await smallRun({
        boards: [fine, hangs],
        kernels: hanging,
        patienceMs: 30_000,
        until: (events) => notices(events).some((text) => text.includes("gets no more")),
      });
      const cause = "hangs: the kernels did not finish within their deadline";
      const refused = [1, 2, 3].map((task) => `hangs refused task ${task}: ${cause}`);
      const aside = `hangs failed 3 tasks in a row and gets no more in this session: ${cause}`;
      expect(notices(run.events)).toEqual([...refused, aside]);
      expect(run.updates).toMatchObject({ rejected: 3, lost: 0 });
      expect(run.updates.folded).toBeGreaterThan(10);
      const { resets } = await talk(hangs, (session) => session.stats());
      expect(new DataView(resets.buffer, resets.byteOffset).getUint16(2 * ResetReason.watchdog, true)).toBe(3);
      console.log(
        `a board hung ${3} times and was set aside; the run folded ${run.updates.folded} updates of the other`,
      );
    } finally {
      await Promise.all([fine.end(), hangs.end()]);
    }
  });
});

describe("power that fails while kernels arrive", () => {
  const lanes = 6;
  const boards: LiveBoard[] = [];
  let folder: string;
  let before: FlashState; // holds the real kernels, and a finished task
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ftte-kernels-"));
    for (let i = 0; i < lanes; i++) boards.push(await liveBoard(`cut-${i}`, { further: ["--baud", "0"] }));
    await oneTask(boards[0]!, boards[0]!.order(++task));
    await boards[0]!.board.kill();
    before = flashOf(boards[0]!.board, join(folder, "before"));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(boards.map((board) => board.end()));
    rmSync(folder, { recursive: true, force: true });
  });

  const started = async (board: LiveBoard, further: string[]) => {
    await board.board.erase();
    before.restore(board.board);
    const other = board.again(further);
    await other.start();
    return other;
  };
  /** A terminal that a dead board left behind may be another board's by now, which that one's own host then finds in use. */
  async function patiently<T>(board: LiveBoard, work: (session: BoardSession) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++)
      try {
        return await talk(board, work);
      } catch (error) {
        if (tries === 50 || !["port-busy", "board-wrong"].includes((error as FtteError).code)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
  }
  const outcome = (session: BoardSession, bytes: Uint8Array): Promise<string> =>
    session.put("kernels", bytes).then(
      () => "taken",
      (error: FtteError) => error.code,
    );

  it.each<[string, Uint8Array, string]>([
    ["good ones: the old or the new are in use, in the end the new", numbered(3), "taken"],
    ["ones that trap: the old stay in use", altered("selfTest", "unreachable"), "guest-selftest"],
  ])("%s", { timeout: 3_600_000 }, async (_, bytes, end) => {
    const log = join(folder, end);
    const logged = await started(boards[0]!, ["--flash-log", log]);
    expect(await talk(boards[0]!, (session) => outcome(session, bytes))).toBe(end);
    await logged.kill();
    const positions = cutPositions(flashLog(log), process.env.FTTE_SWEEP === "1");
    const old = crc32(kernels());
    const allowed = end === "taken" ? [old, crc32(bytes)] : [old];
    const seen = new Map(allowed.map((crc) => [crc, 0]));
    await together(positions, lanes, async (at, lane) => {
      const board = boards[lane]!;
      const cut = await started(board, ["--cut-after-flash-bytes", String(at)]).catch(() => undefined); // cut as it started
      if (cut) await talk(board, (session) => outcome(session, bytes)).catch(() => {});
      await cut?.kill(); // it is dead; this waits until it is gone
      await board.board.start();
      const { kernelsCrc } = await patiently(board, (session) => session.hello());
      expect(allowed, `cut at byte ${at}`).toContain(kernelsCrc);
      seen.set(kernelsCrc, seen.get(kernelsCrc)! + 1);
      await works(board);
      expect(await patiently(board, (session) => outcome(session, bytes)), `cut at byte ${at}`).toBe(end);
      expect((await patiently(board, (session) => session.hello())).kernelsCrc, `cut at byte ${at}`).toBe(
        allowed.at(-1),
      );
      await works(board);
    });
    const [asOld, asNew = 0] = [...seen.values()];
    console.log(
      `${positions.length} power cuts while kernels arrived: ${asOld} boards held the old then, ${asNew} the new; all worked`,
    );
    expect(Math.min(...seen.values())).toBeGreaterThan(0);
  });
});
