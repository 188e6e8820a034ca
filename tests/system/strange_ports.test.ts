// Fleets with ports behind which something is wrong: no board, one that never answers, one that babbles or echoes, another board, and boards
// whose ports are swapped while they work. Each is told by name with its cause, nothing goes to a wrong board, and the others work.

import { renameSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FleetBoard, LocalFleet } from "../../host/boards/local_fleet.ts";
import { Plugs } from "../../host/boards/virtual.ts";
import type { FleetEvent } from "../../host/fl/fleet.ts";
import { decodeUpdateHeader } from "../../host/wire/spec.gen.ts";
import { type PeerKind, type PtyPeer, startPeer } from "../host/link/pty_peer.ts";
import { type LiveBoard, liveBoard, oneTask, rowsOf } from "./live_board.ts";

const boards: LiveBoard[] = [];
const peers: PtyPeer[] = [];
let clean: string;
beforeAll(async () => {
  for (const name of ["good", "left", "right", "stranger"]) boards.push(await liveBoard(name));
  clean = rowsOf(await oneTask(boards[0]!, boards[0]!.order(1)));
}, 60_000);
afterAll(async () => {
  await Promise.all(boards.map((board) => board.end()));
  await Promise.all(peers.map((peer) => peer.vanish()));
});

const chip = (i: number) => `0${i}`.repeat(8);

it("tells each by name, and the good board works", { timeout: 60_000 }, async () => {
  const [good, , , stranger] = boards as [LiveBoard, LiveBoard, LiveBoard, LiveBoard];
  const kinds: PeerKind[] = ["silent", "deaf", "babble", "echo"];
  for (const kind of kinds) peers.push(await startPeer(kind));
  const strange: (FleetBoard & { name: string })[] = [
    ...kinds.map((name, i) => ({ id: chip(i + 1), address: peers[i]!.path, name })),
    { id: chip(5), address: stranger.board.address, name: "other-chip" },
    { id: chip(6), address: "/dev/ttyNone9", name: "absent" },
  ];
  const events: FleetEvent[] = [];
  const fleet = new LocalFleet({ boards: [good.identity, ...strange], patienceMs: 700, pollMs: 20 });
  const reasons = (name: string) => {
    const { id } = strange.find((board) => board.name === name)!;
    return events.flatMap((event) => (event.type === "offline" && event.board === id ? [event.reason] : []));
  };
  try {
    await fleet.open((event) => events.push(event));
    for (const { id } of strange) fleet.dispatch({ ...good.order(2), board: id });
    fleet.dispatch(good.order(2));
    await expect.poll(() => events.find((event) => event.type === "update"), { timeout: 30_000 }).toBeDefined();
    const update = events.find((event) => event.type === "update")!;
    expect(update.board).toBe(good.identity.id);
    expect(rowsOf((update as { bytes: Uint8Array }).bytes)).toBe(clean);
    const causes: Record<string, RegExp> = {
      silent: /^silent: no answer in 700 ms; is it powered/,
      deaf: /^deaf: no answer in 700 ms; is it powered/,
      babble: /^babble: \S+ sends \d+ bytes that are no answer; is it another device/,
      echo: /^echo: \S+ sends \d+ bytes that are no answer; is it another device/,
      "other-chip": new RegExp(`^other-chip: \\S+ answers as chip ${stranger.identity.id}, not ${chip(5)}; is another`),
      absent: /^\/dev\/ttyNone9: there is no such device/,
    };
    for (const [name, cause] of Object.entries(causes))
      await expect
        .poll(() => reasons(name).filter((reason) => cause.test(reason)).length, { timeout: 20_000, message: name })
        .toBeGreaterThan(0);
    expect(events.filter((event) => event.type === "update")).toHaveLength(1);
    const online = events.filter((event) => event.type === "online");
    expect(new Set(online.map((event) => event.board))).toEqual(new Set([good.identity.id]));
    fleet.acknowledge(good.identity.id, 2, "rejected");
  } finally {
    await fleet.close();
  }
  const session = await stranger.session();
  expect(await session.hello()).toMatchObject({ kernelsCrc: 0, planCrc: 0, task: 0, updateTask: 0 }); // nothing was sent to it
  await session.close();
  console.log(`beside a good board: ${strange.map(({ name }) => name).join(", ")}; each told by name`);
});

const title = "finds boards by chip id whose ports were swapped while they train, the second %i ms after the first";
it.for([0, 120])(title, { timeout: 60_000 }, async (apartMs) => {
  const [, left, right] = boards as [LiveBoard, LiveBoard, LiveBoard];
  const pair = [left, right];
  const plugs = new Plugs();
  const events: FleetEvent[] = [];
  const fleet = new LocalFleet({ boards: pair.map((b) => b.identity), open: plugs.open, patienceMs: 1500, pollMs: 20 });
  const of = <T extends FleetEvent["type"]>(type: T, board: LiveBoard) =>
    events.filter((e): e is Extract<FleetEvent, { type: T }> => e.type === type && e.board === board.identity.id);
  const steps = 150_000 + 3000 * apartMs; // some time longer than the ports are away
  const orders = pair.map((board, i) => ({ ...board.order(11 + apartMs + i), steps, checkpointEvery: 0 }));
  try {
    await fleet.open((event) => events.push(event));
    for (const order of orders) fleet.dispatch(order);
    for (const board of pair)
      await expect.poll(() => of("phase", board).map((e) => e.phase), { timeout: 10_000 }).toContain("training");
    await plugs.unplug(left.board);
    await setTimeout(apartMs);
    await plugs.unplug(right.board);
    renameSync(`${left.board.address}.unplugged`, right.board.address);
    renameSync(`${right.board.address}.unplugged`, left.board.address);
    for (const [i, board] of pair.entries()) {
      await expect.poll(() => of("update", board).length, { timeout: 30_000 }).toBe(1);
      const { task, bytes } = of("update", board)[0]!;
      expect(task).toBe(11 + apartMs + i);
      expect(decodeUpdateHeader(bytes)).toMatchObject({ task: 11 + apartMs + i, steps });
      fleet.acknowledge(board.identity.id, task, "rejected");
    }
    for (const [board, other] of [pair, pair.toReversed()] as [LiveBoard, LiveBoard][]) {
      const addresses = of("online", board).map((event) => event.address);
      expect([addresses[0], addresses.at(-1)]).toEqual([board.board.address, other.board.address]);
      const told = of("error", board).map((event) => event.message);
      expect(told.at(-1)).toBe(`answers on ${other.board.address}, no longer on ${board.board.address}`);
      const wrong = `${board.identity.name}: ${board.board.address} answers as chip ${other.identity.id}`;
      expect(told.slice(0, -1).every((message) => message.startsWith(wrong))).toBe(true);
      expect(of("refused", board)).toEqual([]);
    }
    console.log("two boards whose ports were swapped while they trained: each found again, each with its own task");
  } finally {
    await fleet.close();
    renameSync(left.board.address, `${left.board.address}.swap`); // back, so that each board ends what is its own
    renameSync(right.board.address, left.board.address);
    renameSync(`${left.board.address}.swap`, right.board.address);
  }
});
