// A board whose power fails at a byte of a flash write, anywhere in its first round (recording samples; receiving kernels, plan, frozen
// weights and a delta from zeros; training with checkpoints; keeping update and residual; forgetting the update when it is acknowledged), in
// its second (a delta from the slice held, error feedback, beside what the first one left), in its third (over it, a top-k update) or in its fourth (a whole
// slice, an f32 update, which leaves the residual alone). Power comes back at once; the board holds the old or
// the new state, never a mixture, goes on, and makes the very update of an undisturbed board, once. Every erase and program is cut before
// its first byte, in its middle and before its last byte, and before every byte with FTTE_SWEEP=1.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import { recorded } from "../../host/boards/recording.ts";
import type { VirtualBoard } from "../../host/boards/virtual.ts";
import type { Order } from "../../host/fl/fleet.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { applyRows, bytesOf, encodeDelta, encodeRows, encodeSlice, gatherSlice } from "../../host/plan/slice.ts";
import { packInt4 } from "../../host/plan/update_rows.ts";
import { FrameParser } from "../../host/wire/frame.ts";
import { decodeHello, FrameType, type Hello, Reply, ResetReason, zeroVersion } from "../../host/wire/spec.gen.ts";
import { cutPositions, type FlashState, flashLog, flashOf, together } from "./flash_cuts.ts";
import { firstParameters, type LiveBoard, liveBoard, openPatiently, plan } from "./live_board.ts";

const everyByte = process.env.FTTE_SWEEP === "1";
const samples = 12;
const lanes = 12;
const boards: LiveBoard[] = [];
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-cuts-"));
  for (let i = 0; i < lanes; i++) boards.push(await liveBoard(`cut-${i}`, { samples, further: ["--baud", "0"] }));
}, 60_000);
afterAll(async () => {
  await Promise.all(boards.map((board) => board.end()));
  rmSync(folder, { recursive: true, force: true });
});

/** The slice that boards hold after this many rounds, exactly. */
const heldAfter: Float32Array[] = [new Float32Array(plan.sliceCount)];
const first = gatherSlice(plan, firstParameters());
const kindOf = (task: number) => (task === 2 ? "int4" : "int8");
const rowsOf = (task: number) =>
  encodeRows(plan, task === 1 ? first : first.map((_, i) => Math.cos(i * task) / 10), kindOf(task));
for (let task = 1; task <= 3; task++) heldAfter.push(applyRows(plan, heldAfter.at(-1)!, rowsOf(task)));

/**
 * The last round's slice goes whole, and its update is f32; the others as deltas to the one before, the first one to zeros. The second's is int4 both
 * ways, the third's update top-k.
 */
function orderOf(board: LiveBoard, task: number): Order {
  const order = board.order(task);
  if (task === 4) return { ...order, encoding: "f32" };
  const [held, values] = heldAfter.slice(task - 1) as [Float32Array, Float32Array];
  const from = { version: task === 1 ? zeroVersion : task - 1, crc: crc32(bytesOf(held)) };
  const to = { version: task, crc: crc32(bytesOf(values)) };
  const rows = task === 2 ? packInt4(plan, rowsOf(task)) : rowsOf(task);
  const bytes = encodeDelta(from, to, rows, kindOf(task));
  const delta = { baseVersion: from.version, baseCrc: from.crc, bytes };
  const encoding = task === 2 ? "int4" : task === 3 ? { topK: 32 } : order.encoding;
  return { ...order, encoding, slice: { ...to, full: encodeSlice(task, values), delta } };
}

/** What the round left: its update as often as it arrived, and the board's last words. */
interface Round {
  updates: string[];
  hello: Hello;
  /** All that it said of itself in between. */
  said: Hello[];
}

/** Hands every hello that passes to `hear`. */
const hearing =
  (hear: (hello: Hello) => void): OpenPipe =>
  async (address, options) => {
    const pipe = await openSerial(address, options);
    const parser = new FrameParser();
    const listen = (listener: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
      for (const { type, body } of parser.push(bytes))
        if (type === (FrameType.hello | Reply.flag)) hear(decodeHello(body));
      listener(bytes);
    };
    const { closed } = pipe;
    const write = (bytes: Uint8Array) => pipe.write(bytes);
    return { address, closed, write, close: () => pipe.close(), onData: (listener) => pipe.onData(listen(listener)) };
  };

async function round(board: LiveBoard, order: Order): Promise<Round> {
  const said: Hello[] = [];
  const open = hearing((hello) => said.push(hello));
  const fleet = new LocalFleet({ boards: [board.identity], open, patienceMs: 1000, pollMs: 5 });
  const updates: string[] = [];
  await new Promise<void>((resolve, reject) => {
    void fleet.open((event) => {
      if (event.type === "refused") reject(new Error(event.reason));
      if (event.type !== "update") return;
      updates.push(Buffer.from(event.bytes).toString("hex"));
      fleet.acknowledge(order.board, event.task, "accepted");
      resolve();
    });
    fleet.dispatch(order);
  });
  await fleet.close(10_000); // delivers the acknowledgement, and takes the update again if the board has it still
  const session = await board.session();
  const hello = await session.hello();
  await session.close();
  return { updates, hello, said };
}

/** What a board holds, part by part; each part is the old or the new, and nothing else. */
const parts = (hello: Hello) => {
  const { kernelsCrc, planCrc, frozenCrc, sliceVersion, sliceCrc, residualTask } = hello;
  return { kernelsCrc, planCrc, frozenCrc, slice: `${sliceVersion}/${sliceCrc}`, residualTask };
};
/** What must be the same in the end. */
const stateOf = ({ hello }: Round) => {
  const { samples, task, updateTask, state } = hello;
  return { ...parts(hello), samples, task, updateTask, state };
};

function expectOldOrNew(said: Hello[], before: Hello | undefined, after: Hello, at: number): void {
  const old = before ? parts(before) : { kernelsCrc: 0, planCrc: 0, frozenCrc: 0, slice: "0/0", residualTask: 0 };
  const fresh = parts(after);
  for (const hello of said)
    for (const [part, value] of Object.entries(parts(hello)) as [keyof typeof fresh, number | string][])
      expect([old[part], fresh[part]], `${part} after a cut at byte ${at}`).toContain(value);
}

async function started(board: LiveBoard, from: FlashState | undefined, further: string[]): Promise<VirtualBoard> {
  await board.board.erase();
  from?.restore(board.board);
  const other = board.again(further);
  await other.start();
  return other;
}

/** What the rounds so far left. */
const left: { flash: FlashState; hello: Hello }[] = [];

it.each([1, 2, 3, 4])("ends round %i the same wherever power fails", { timeout: 7_200_000 }, async (task) => {
  const before = left.at(-1);
  const play = async (board: LiveBoard) => {
    await recorded(board.identity, samples, openPatiently);
    return round(board, orderOf(board, task));
  };
  const log = join(folder, `round-${task}.log`);
  const undisturbed = await started(boards[0]!, before?.flash, ["--flash-log", log]);
  const clean = await play(boards[0]!);
  await undisturbed.kill();
  left.push({ flash: flashOf(boards[0]!.board, join(folder, `round-${task}`)), hello: clean.hello });
  expect(clean.updates).toHaveLength(1);
  expect(clean.hello).toMatchObject({ updateTask: 0, residualTask: Math.min(task, 3), sliceVersion: task });

  const operations = flashLog(log);
  const positions = cutPositions(operations, everyByte);
  let again = 0;
  await together(positions, lanes, async (at, lane) => {
    const board = boards[lane]!;
    const cut = await started(board, before?.flash, [`--brownout-after-flash-bytes=${at}`]);
    const played = await play(board);
    expect(played.hello.resetReason, `cut at byte ${at}`).toBe(ResetReason.brownout);
    expect(new Set(played.updates), `cut at byte ${at}`).toEqual(new Set(clean.updates));
    expect(stateOf(played), `cut at byte ${at}`).toEqual(stateOf(clean));
    expectOldOrNew(played.said, before?.hello, clean.hello, at);
    if (played.updates.length > 1) again++;
    await cut.kill();
  });
  const erases = operations.filter(({ what }) => what === "erase").length;
  const bytes = operations.reduce((sum, operation) => sum + operation.bytes, 0);
  console.log(
    `round ${task}: ${positions.length} power cuts in ${erases} erases and ${operations.length - erases} programs, ${bytes} bytes; ` +
      `each ended with the same update and the same state, ${again} sent the update again`,
  );
});
