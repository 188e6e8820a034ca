// Boards that run already, by their ports: listed by chip id, and trained together by `ftte train --port`, whatever order they are named in.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { csv } from "../../host/data/csv.ts";
import { openSerial } from "../../host/link/serial.ts";
import { ftte, gestureProject, resultOf } from "./project.ts";

const boards: VirtualBoard[] = [];
const project = gestureProject();

async function board(name: string, config: string): Promise<VirtualBoard> {
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const folder = mkdtempSync(join(tmpdir(), "ftte-ports-"));
  const started = new VirtualBoard({
    name,
    program,
    folder,
    configArguments: virtualBoardArguments(loadBoardConfig(config)),
  });
  boards.push(started);
  await started.start();
  return started;
}

/** Samples as an owner would record them: here over the link, from the project's own file. */
async function record(to: VirtualBoard, person: number): Promise<void> {
  const columns = ["ax", "ay", "az"];
  const path = join(project, "imu.csv");
  const data = csv({ path, columns, label: "gesture", user: "person", window: 16, hop: 16 });
  const session = new BoardSession(await openSerial(to.address), { chipId: to.chipId });
  await session.hello();
  for (let i = 0; i < data.count; i++)
    if (data.users[i] === person) {
      const elements = (data.elements as Float32Array).slice(i * 48, (i + 1) * 48);
      await session.sampleAppend(data.labels[i]!, new Uint8Array(elements.buffer));
    }
  await session.close();
}

beforeAll(async () => {
  await record(await board("left", "virtual-64k"), 1);
  await record(await board("right", "virtual-256k"), 2);
}, 60_000);
afterAll(() => Promise.all(boards.map((b) => b.kill())));

const ports = () => boards.flatMap((b) => ["--port", b.address]);

it("lists boards by chip id", async () => {
  const { boards: found } = resultOf(await ftte(project, ["boards", ...ports()])) as {
    boards: { chipId: string; boardClass: string; state: string }[];
  };
  expect(found.map((b) => b.chipId)).toEqual(boards.map((b) => b.chipId).sort());
  expect(found.map((b) => b.state)).toEqual(["idle", "idle"]);
});

it("trains the boards at a port and of a name, each as the config's entry of its class", {
  timeout: 60_000,
}, async () => {
  const env = { XDG_STATE_HOME: mkdtempSync(join(tmpdir(), "ftte-state-")) };
  resultOf(await ftte(project, ["boards", "name", boards[0]!.address, "left-wrist"], env));
  const outcome = await ftte(project, ["train", "--port", boards[1]!.address, "--port", "left-wrist"], env);
  const [{ boards: names }] = outcome.events as [{ boards: { name: string }[] }];
  expect(names.map(({ name }) => name).sort()).toEqual([boards[1]!.chipId.slice(0, 8), "left-wrist"].sort());
  const result = resultOf(outcome) as {
    versions: number;
    updates: object;
    memory: { class: string; planned: number; measured: number }[];
  };
  expect(result).toMatchObject({ versions: 5, updates: { rejected: 0, lost: 0 } });
  expect(result.memory.map((m) => m.class)).toEqual(["virtual-64k", "virtual-256k"]);
  for (const { planned, measured } of result.memory) expect(measured).toBe(planned);
});

it("refuses a port whose board is of no class of the config's, and --port with --virtual", async () => {
  const small = gestureProject((text) => text.replace(', { board: "virtual-256k", count: 1, train: "all" }', ""));
  const refused = await ftte(small, ["train", "--port", boards[1]!.address]);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(/is a board of class virtual-256k; the config's fleet has virtual-64k/);
  expect((await ftte(small, ["train", "--virtual", "1", "--port", "x"])).status).toBe(2);
});

it("says that a port is in use, and by whom to ask, and starts nothing", { timeout: 60_000 }, async () => {
  const held = await openSerial(boards[0]!.address);
  try {
    const busy = await ftte(project, ["train", "--fresh", ...ports()]);
    expect(busy.status).toBe(3);
    expect(busy.events.at(-1)).toMatchObject({ type: "error", code: "port-busy" });
    expect(busy.stderr).toContain(`${boards[0]!.address}: another program has the port open; close it`);
    expect(resultOf(await ftte(project, ["runs"]))).toMatchObject({ runs: [{ id: 1, state: "finished" }] });
  } finally {
    await held.close();
  }
});
