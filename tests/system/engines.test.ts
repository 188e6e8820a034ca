// Boards whose firmware contains the kernels, beside boards that interpret them: the same updates bit for bit, no kernels on the wire, and
// one fleet of both.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BoardSession } from "../../host/boards/session.ts";
import type { BoardTraffic } from "../../host/fl/fleet.ts";
import { openSerial } from "../../host/link/serial.ts";
import { Feature } from "../../host/wire/spec.gen.ts";
import { type LiveBoard, liveBoard, oneTask, rowsOf, type TaskOptions } from "./live_board.ts";
import { ftte, gestureProject, resultOf } from "./project.ts";

const boards = new Map<"wasm3" | "aot", LiveBoard>();
beforeAll(async () => {
  for (const engine of ["wasm3", "aot"] as const) boards.set(engine, await liveBoard(engine, { engine }));
}, 120_000);
afterAll(() => Promise.all([...boards.values()].map((live) => live.end())));

/** One task: its update's rows, and what went over the line. */
async function trained(live: LiveBoard, task: number, on?: TaskOptions["on"]) {
  let traffic: BoardTraffic = { up: 0, down: 0 };
  const told = (all: BoardTraffic) => {
    traffic = all;
  };
  const update = await oneTask(live, live.order(task), { traffic: told, ...(on && { on }) });
  return { rows: rowsOf(update), traffic };
}

describe("a board whose firmware contains the kernels", () => {
  it("sends the same update as one that interprets them, and is sent no kernels", { timeout: 60_000 }, async () => {
    const interpreted = await trained(boards.get("wasm3")!, 1);
    const ahead = await trained(boards.get("aot")!, 1);
    expect(ahead.rows).toBe(interpreted.rows);
    const kernels = boards
      .get("aot")!
      .order(1)
      .required.find((blob) => blob.kind === "kernels")!;
    expect(interpreted.traffic.down - ahead.traffic.down).toBeGreaterThan(kernels.bytes.length);
  });

  it("goes on with its task after a power cut", { timeout: 60_000 }, async () => {
    const live = boards.get("aot")!;
    const whole = await trained(live, 2);
    let cut = false;
    const again = await trained(live, 3, (event) => {
      if (cut || event.type !== "phase" || event.phase !== "training") return;
      cut = true;
      void live.board.restart();
    });
    expect(cut).toBe(true);
    expect(again.rows).toBe(whole.rows);
  });

  it("says so, and refuses kernels", { timeout: 60_000 }, async () => {
    const live = boards.get("aot")!;
    const session = new BoardSession(await openSerial(live.board.address));
    try {
      const hello = await session.hello();
      expect(hello.features & (Feature.aot | Feature.wasm3)).toBe(Feature.aot);
      expect(hello.kernelsCrc).toBe(0);
      const kernels = live.order(1).required.find((blob) => blob.kind === "kernels")!;
      await expect(session.put("kernels", kernels.bytes)).rejects.toMatchObject({ code: "blob-kind" });
    } finally {
      await session.pipe.close();
    }
  });
});

describe("a fleet of both engines", () => {
  it("trains one model, each board with exactly the arena that was planned", { timeout: 120_000 }, async () => {
    const folder = gestureProject((text) =>
      text.replace('board: "virtual-64k", count: 2,', 'board: "virtual-64k", count: 2, engine: "aot",'),
    );
    const result = resultOf(await ftte(folder, ["train"])) as {
      versions: number;
      accuracy: number;
      memory: { class: string; planned: number; measured: number }[];
    };
    expect(result.versions).toBe(5);
    expect(result.accuracy).toBeGreaterThan(0.5);
    for (const { measured, planned } of result.memory) expect(measured).toBe(planned);
    expect(result.memory).toHaveLength(2);
  });
});
