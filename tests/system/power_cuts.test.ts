// A board whose power is cut at a byte of a flash write, somewhere in its first round: recording samples, receiving kernels, plan, frozen
// weights and slice, training with checkpoints, keeping its update. Started again it holds the old or the new state, finishes the round
// with the very update of an undisturbed board, and keeps it until it is acknowledged, once. Positions are a stride apart, and every
// byte with FTTE_SWEEP=1.

import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import { recorded } from "../../host/boards/recording.ts";
import { BoardSession } from "../../host/boards/session.ts";
import type { VirtualBoard } from "../../host/boards/virtual.ts";
import { openSerial } from "../../host/link/serial.ts";
import { type LiveBoard, liveBoard } from "./live_board.ts";

let live: LiveBoard;
beforeAll(async () => {
  live = await liveBoard("cut");
}, 60_000);
afterAll(() => live.end());

const identity = () => ({ id: live.board.chipId, address: live.board.address, name: "cut" });

/** Restarts the board whenever it dies, until `work` is done. Returns how often that was. */
async function keptAlive<T>(first: VirtualBoard, work: () => Promise<T>): Promise<{ result: T; deaths: number }> {
  let deaths = 0;
  let done = false;
  const watching = (async () => {
    while (!done) {
      if (!first.running && !live.board.running) {
        deaths++;
        await live.board.start();
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  try {
    return { result: await work(), deaths };
  } finally {
    done = true;
    await watching;
  }
}

/** The round's updates as they arrived before the acknowledgement, and what the board still holds afterwards. */
async function round(): Promise<{ updates: string[]; left: number }> {
  const fleet = new LocalFleet({ boards: [identity()], patienceMs: 1000, pollMs: 10 });
  const updates: string[] = [];
  await new Promise<void>((resolve, reject) => {
    void fleet.open((event) => {
      if (event.type === "refused") reject(new Error(event.reason));
      if (event.type !== "update") return;
      updates.push(Buffer.from(event.bytes).toString("hex"));
      fleet.acknowledge(identity().id, event.task, "accepted");
      setTimeout(resolve, 60); // the acknowledgement's way, and a repeated update's
    });
    fleet.dispatch(live.order(1));
  });
  await fleet.close();
  const session = new BoardSession(await openSerial(identity().address), { name: "cut", chipId: identity().id });
  const { updateTask } = await session.hello();
  await session.close();
  return { updates, left: updateTask };
}

/** A factory-new board loses power at the `cut`th byte. */
async function cutAt(cut: number) {
  await live.board.erase();
  const first = live.again(["--cut-after-flash-bytes", String(cut)]);
  await first.start().catch((e) => console.log(String(e))); // it may die before it has a line
  const { result, deaths } = await keptAlive(first, async () => {
    for (let tries = 0; ; tries++)
      try {
        await recorded(identity(), 12, openSerial);
        return await round();
      } catch (error) {
        if (tries >= 10) throw error; // the board died while it was asked
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
  });
  await first.kill();
  return { ...result, deaths };
}

it("brings the round to the same end wherever power is cut", { timeout: 3_600_000 }, async () => {
  const clean = await cutAt(0xffffff);
  expect(clean.deaths).toBe(0);
  expect(clean.left).toBe(0);
  const wanted = clean.updates[0];
  const stride = process.env.FTTE_SWEEP ? 1 : 149;
  let cuts = 0;
  for (let at = 1; ; at += stride) {
    const { updates, left, deaths } = await cutAt(at);
    if (deaths === 0) break; // past the last byte of the round
    cuts++;
    expect(new Set(updates), `cut at byte ${at}`).toEqual(new Set([wanted]));
    expect(left, `cut at byte ${at}`).toBe(0);
  }
  expect(cuts).toBeGreaterThan(60);
  console.log(`${cuts} power cuts, every ${stride} bytes of flash writes; each round ended with the same update`);
});
