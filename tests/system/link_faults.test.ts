// A task on the real firmware over a line that loses, repeats, reorders, truncates and flips: it completes with the same update as over a
// clean line, or ends with a clear error; and hosts that meet the wrong board, no board, or one that comes and goes.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import { recorded } from "../../host/boards/recording.ts";
import { Plugs } from "../../host/boards/virtual.ts";
import type { FleetEvent } from "../../host/fl/fleet.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { type Harm, type HarmPlan, harmedPipe } from "../host/link/harm.ts";
import { type LiveBoard, liveBoard } from "./live_board.ts";

let live: LiveBoard;
let task = 0;
beforeAll(async () => {
  live = await liveBoard("harmed");
  await recorded({ id: live.board.chipId, address: live.board.address }, 12, openSerial);
}, 60_000);
afterAll(() => live.end());

interface Outcome {
  update: Uint8Array;
  events: FleetEvent[];
}

/** One task over the pipes that `open` gives; resolves with its update. */
async function oneTask(open: OpenPipe, disturb?: (event: FleetEvent) => void): Promise<Outcome> {
  const events: FleetEvent[] = [];
  const board = { id: live.board.chipId, address: live.board.address, name: "harmed" };
  const fleet = new LocalFleet({ boards: [board], open, patienceMs: 1500, pollMs: 20 });
  const order = live.order(++task);
  try {
    const update = await new Promise<Uint8Array>((resolve, reject) => {
      void fleet.open((event) => {
        events.push(event);
        disturb?.(event);
        if (event.type === "refused") reject(new Error(event.reason));
        if (event.type !== "update" || event.task !== order.task) return;
        fleet.acknowledge(board.id, event.task, "rejected"); // no error feedback: every task starts from the same
        resolve(event.bytes);
      });
      fleet.dispatch(order);
    });
    return { update, events };
  } finally {
    await fleet.close();
  }
}

/** What the training gave, without the header that names the task. */
const rowsOf = (update: Uint8Array) => Buffer.from(update.subarray(40)).toString("hex");
const through =
  (plan: HarmPlan): OpenPipe =>
  async (address, options) =>
    harmedPipe(await openSerial(address, options), plan);

describe("a task over a bad line", () => {
  let clean: string;
  beforeAll(async () => {
    clean = rowsOf((await oneTask(openSerial)).update);
  });

  const harms: Harm[] = ["drop", "repeat", "swap", "truncate"];
  for (const harm of harms)
    it(`completes with every one of its first 16 frames ${harm}ped, either way`
      .replace("peatped", "peated")
      .replace("truncateped", "truncated"), { timeout: 180_000 }, async () => {
      for (const direction of ["down", "up"] as const)
        for (let at = 0; at < 16; at++) {
          const { update } = await oneTask(through({ frame: { direction, at, harm } }));
          expect(rowsOf(update), `${direction} ${at}`).toBe(clean);
        }
    });

  it("completes with single bits flipped all over the session", { timeout: 180_000 }, async () => {
    for (const direction of ["down", "up"] as const)
      for (let at = 3; at < 2400; at += 97) {
        const { update } = await oneTask(through({ bit: { direction, at } }));
        expect(rowsOf(update), `${direction} ${at}`).toBe(clean);
      }
  });

  it("completes when the link goes and comes back in the middle", { timeout: 60_000 }, async () => {
    const plugs = new Plugs();
    let pulled = false;
    const { update, events } = await oneTask(plugs.open, (event) => {
      if (pulled || event.type !== "phase" || event.phase !== "training") return;
      pulled = true;
      void plugs.unplug(live.board).then(() => setTimeout(() => plugs.replug(live.board), 1200));
    });
    expect(rowsOf(update)).toBe(clean);
    expect(pulled).toBe(true);
    expect(events.some((event) => event.type === "online")).toBe(true);
  });

  it("completes when the board's power is cut in the middle", { timeout: 60_000 }, async () => {
    let cut = false;
    const { update } = await oneTask(openSerial, (event) => {
      if (cut || event.type !== "phase" || event.phase !== "training") return;
      cut = true;
      void live.board.restart();
    });
    expect(rowsOf(update)).toBe(clean);
    expect(cut).toBe(true);
  });
});

describe("another board than expected", () => {
  it("is told, by chip id, and gets no order", async () => {
    const other = await liveBoard("stranger");
    const events: FleetEvent[] = [];
    const fleet = new LocalFleet({
      boards: [{ id: live.board.chipId, address: other.board.address, name: "wrist-07" }],
      patienceMs: 800,
    });
    try {
      await fleet.open((event) => events.push(event));
      fleet.dispatch(live.order(++task));
      await expect
        .poll(() => events.find((event) => event.type === "error"), { timeout: 5000 })
        .toMatchObject({ message: expect.stringContaining("wrist-07") });
      expect(events.some((event) => event.type === "update")).toBe(false);
    } finally {
      await fleet.close();
      await other.end();
    }
  });
});
