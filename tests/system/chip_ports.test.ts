// The chip ports' whole firmware, each in its machine: it says hello, records samples, makes the update that a posix board with the same
// samples makes, bit for bit, and keeps its flash through resets and power cuts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { EmulatedBoard } from "../../host/boards/emulated.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { ResetReason } from "../../host/wire/spec.gen.ts";
import { chipPortNames, chipPorts } from "../contracts/port/emulated.ts";
import { hello, record, samples, session, train } from "./conversation.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-ports-"));
const posix = { name: "posix", folder, configArguments: virtualBoardArguments(loadBoardConfig("virtual-64k")) };
let reference: string;

beforeAll(async () => {
  const { path } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const board = new VirtualBoard({ ...posix, program: path });
  await board.start();
  await record(board);
  reference = await train(board, 1);
  await board.kill();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(chipPortNames)("the %s firmware", (name) => {
  const board = loadBoardConfig(chipPorts[name].board);
  let port: EmulatedBoard;
  beforeAll(async () => {
    const { path: program } = await buildFirmware({ board, engine: "wasm3" });
    port = new EmulatedBoard({ name, folder, program, board });
    await port.start();
  });
  afterAll(() => port.kill());

  it("says hello with its chip id and board class", async () => {
    const { boardClass } = await hello(port);
    expect(Buffer.from(boardClass).toString().replace(/\0+$/, "")).toBe(board.class);
  });

  it("makes the same update as a posix board with the same samples, bit for bit", async () => {
    expect(await record(port)).toBe(samples.length);
    expect(await train(port, 1)).toBe(reference);
    const stats = await session(port, async (open) => {
      await open.hello();
      return open.stats();
    });
    expect(stats.arenaPeak).toBe(stats.arenaPlanned);
    expect(stats.stackPeak).toBeLessThan(stats.stackBytes - 256);
  });

  it("keeps samples and update through a reset of its own, and says why it started", async () => {
    await session(port, async (open) => {
      await open.hello();
      await open.reset("board");
    });
    const after = await hello(port);
    expect(after).toMatchObject({ samples: samples.length, updateTask: 1, resetReason: ResetReason.software });
  });

  it("keeps them through a power cut: the death of its process", async () => {
    await port.restart();
    expect(await hello(port)).toMatchObject({ samples: samples.length, updateTask: 1 });
  });
});
