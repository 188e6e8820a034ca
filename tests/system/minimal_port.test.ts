// The port to copy really is a board: it says hello and trains over its standard input and output, gives the update that the virtual board
// gives for the same task on the same samples, and keeps its flash over a reset.

import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { boardClassText } from "../../host/boards/identity.ts";
import { prepareBoard, startTask } from "../../host/boards/order.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import type { Order } from "../../host/fl/fleet.ts";
import { openSerial } from "../../host/link/serial.ts";
import { BoardState, ResetReason } from "../../host/wire/spec.gen.ts";
import { processPipe } from "../host/link/process_pipe.ts";
import { elements, liveBoard } from "./live_board.ts";

const sampleCount = 12;
const patienceMs = 60_000;
const { signal } = new AbortController();

/** The board's update for the order, after it got everything that the task needs. */
async function updateOf(session: BoardSession, order: Order): Promise<Uint8Array> {
  const delta = await prepareBoard(session, order, await session.hello(), signal);
  await startTask(session, order, delta, signal);
  while ((await session.hello()).state !== BoardState.reporting) await new Promise((done) => setTimeout(done, 20));
  return session.get("update");
}

it("the minimal port trains what the virtual board trains, bit for bit", { timeout: 180_000 }, async () => {
  const posix = await liveBoard("judge", { samples: sampleCount });
  const { path } = await buildFirmware({ port: "minimal", engine: "wasm3" });
  const child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
  const minimal = new BoardSession(processPipe(child), {
    name: "minimal",
    patienceMs,
  });
  try {
    expect(boardClassText(await minimal.hello())).toBe("minimal");
    const order = posix.order(1);
    for (const blob of order.required) await minimal.put(blob.kind, blob.bytes);
    for (let i = 0; i < sampleCount; i++) {
      const sample = posix.samples.slice(i * elements, (i + 1) * elements);
      await minimal.sampleAppend(i % 3, new Uint8Array(sample.buffer));
    }
    const update = await updateOf(minimal, order);

    const { address } = posix.board;
    const judge = new BoardSession(await openSerial(address), { name: "judge", patienceMs });
    expect(Buffer.from(update)).toEqual(Buffer.from(await updateOf(judge, order)));
    await judge.close();
    console.log(`the same update of ${update.length} bytes from both ports`);

    await minimal.reset("board");
    const asked = { interval: 20, timeout: patienceMs };
    await expect.poll(async () => (await minimal.hello()).resetReason, asked).toBe(ResetReason.software);
    expect(await minimal.hello()).toMatchObject({ samples: sampleCount, updateTask: 1 });
  } finally {
    await minimal.close();
    await posix.end();
  }
});

it("the minimal port ends when its input does", { timeout: 180_000 }, async () => {
  const { path } = await buildFirmware({ port: "minimal", engine: "wasm3" });
  const child = spawn(path, { stdio: ["pipe", "ignore", "inherit"] });
  const status = new Promise((resolve) => child.on("exit", resolve));
  child.stdin.end();
  expect(await status).toBe(0);
});
