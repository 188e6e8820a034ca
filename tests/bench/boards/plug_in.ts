// How long it takes from a board's plug-in to its first update in a run: a virtual board, with samples but nothing else in its flash, on a
// line at 921,600 baud; `ftte train --port` is typed as it gets power. Real seconds, the command's own start among them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadBoardConfig, virtualBoardArguments } from "../../../host/boards/config.ts";
import { BoardSession } from "../../../host/boards/session.ts";
import { VirtualBoard } from "../../../host/boards/virtual.ts";
import { buildFirmware } from "../../../host/build/firmware.ts";
import { csv } from "../../../host/data/csv.ts";
import { openSerial } from "../../../host/link/serial.ts";
import { gestureProject, type Started, start } from "../../system/project.ts";
import { type Figure, median } from "../host/measure.ts";

const baudRate = 921_600;
const window = 16;

async function boardIn(folder: string): Promise<VirtualBoard> {
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-64k"));
  return new VirtualBoard({ name: "wrist-01", program, folder, baudRate, configArguments });
}

/** One person's samples of the project's recordings, as a sensor would have left them in flash. */
async function record(board: VirtualBoard, project: string): Promise<void> {
  const columns = ["ax", "ay", "az"];
  const path = join(project, "imu.csv");
  const data = csv({ path, columns, label: "gesture", user: "person", window, hop: window });
  const length = window * columns.length;
  await board.start();
  const session = new BoardSession(await openSerial(board.address), { chipId: board.chipId });
  await session.hello();
  for (let i = 0; i < data.count; i++)
    if (data.users[i] === 1) {
      const elements = (data.elements as Float32Array).slice(i * length, (i + 1) * length);
      await session.sampleAppend(data.labels[i]!, new Uint8Array(elements.buffer));
    }
  await session.close();
  await board.kill();
}

/** Resolves when the command tells of an update. @throws Error when it ends before */
async function firstUpdate({ child, done }: Started): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (JSON.parse(line).type === "update") return;
  throw new Error(`no update came: ${(await done).stderr.slice(-500)}`);
}

async function once(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-plug-in-"));
  const project = gestureProject();
  const board = await boardIn(folder);
  try {
    await record(board, project);
    const startMs = performance.now();
    await board.start();
    const run = start(project, ["train", "--port", board.address]);
    await firstUpdate(run);
    const seconds = (performance.now() - startMs) / 1000;
    run.child.kill("SIGINT");
    await run.done;
    return seconds;
  } finally {
    await board.kill();
    for (const path of [folder, project]) rmSync(path, { recursive: true, force: true });
  }
}

/** The median of `rounds`. The command must be built. */
export async function plugInFigures(rounds: number): Promise<Figure[]> {
  const seconds: number[] = [];
  for (let i = 0; i < rounds; i++) seconds.push(await once());
  const row = "plug-in to first update";
  return [{ row, what: `a virtual board at ${baudRate} baud, 40 steps`, value: median(seconds), unit: "s" }];
}
