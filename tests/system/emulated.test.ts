// A Cortex-M4F in QEMU, running the firmware built for it: it says hello, records samples, trains, keeps its flash through resets and
// power cuts, and makes the update that a posix board with the same samples makes, bit for bit.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { discoverBoards } from "../../host/boards/discover.ts";
import { EmulatedBoard } from "../../host/boards/emulated.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { readPort } from "../../host/build/port.ts";
import { sessionStackBytes } from "../../host/build/stack.ts";
import { ResetReason } from "../../host/wire/spec.gen.ts";
import { hello, record, samples, session, train } from "./conversation.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-emulated-"));
const config = loadBoardConfig("mps2-nrf52832");
let image: string;
let emulated: EmulatedBoard;
let posix: VirtualBoard;

beforeAll(async () => {
  image = (await buildFirmware({ board: config, engine: "wasm3" })).path;
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-64k"));
  emulated = new EmulatedBoard({ name: "emulated", folder, program: image, board: config });
  posix = new VirtualBoard({ name: "posix", folder, program, configArguments });
  await Promise.all([emulated.start(), posix.start()]);
});
afterAll(async () => {
  await Promise.all([emulated.kill(), posix.kill()]);
  rmSync(folder, { recursive: true, force: true });
});

describe("a board in QEMU", () => {
  it("has the native stack that its session may need", () => {
    const port = readPort(config.port, config.chip);
    expect(sessionStackBytes(dirname(image), port, "wasm3")).toBeLessThanOrEqual(port.stackBytes);
  });

  it("is found by its chip id like any board", async () => {
    const [report] = await discoverBoards([{ address: emulated.address, kind: "virtual" }], { timeoutMs: 5000 });
    expect(report).toMatchObject({ answers: true, chipId: emulated.chipId, boardClass: "mps2-nrf52832" });
  });

  it("makes the same update as a posix board with the same samples, bit for bit", async () => {
    expect(await Promise.all([record(emulated), record(posix)])).toEqual([samples.length, samples.length]);
    const [update, reference] = await Promise.all([train(emulated, 1), train(posix, 1)]);
    expect(update).toBe(reference);
    const stats = await session(emulated, async (open) => {
      await open.hello();
      return open.stats();
    });
    expect(stats.arenaPeak).toBe(stats.arenaPlanned);
    expect(stats.stackPeak).toBeLessThan(stats.stackBytes - 256);
  });

  it("keeps samples and update through a reset of its own, and says why it started", async () => {
    await session(emulated, async (open) => {
      await open.hello();
      await open.reset("board");
    });
    const after = await hello(emulated);
    expect(after).toMatchObject({ samples: samples.length, updateTask: 1, resetReason: ResetReason.software });
  });

  it("keeps them through a power cut: the death of its process", async () => {
    await emulated.restart();
    const after = await hello(emulated);
    expect(after).toMatchObject({ samples: samples.length, updateTask: 1, resetReason: ResetReason.powerOn });
  });

  it("is new after its flash was erased", async () => {
    await emulated.erase();
    await emulated.start();
    expect(await hello(emulated)).toMatchObject({ samples: 0, kernelsCrc: 0, updateTask: 0 });
  });
});
