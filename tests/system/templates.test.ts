// `ftte new --template`: each project plans, trains on virtual boards and is the better for it; a board whose sensor plays the template's
// recordings captures windows that its model takes.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { recordingFile, recordingRows } from "../../host/boards/recording.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { ftte, resultOf } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-templates-"));
let program: string;
beforeAll(async () => {
  program = (await buildFirmware({ port: "posix", engine: "wasm3" })).path;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The project as it is written, but ending after two versions. */
async function project(template: string, name = template): Promise<string> {
  const made = resultOf(await ftte(folder, ["new", name, "--template", template]));
  const path = String(made.folder);
  const config = join(path, "ftte.config.ts");
  const text = readFileSync(config, "utf8");
  expect(text).toContain("stop: { minutes: 1 }");
  writeFileSync(config, text.replace("stop: { minutes: 1 }", "stop: { versions: 2 }").replace("count: 3", "count: 1"));
  return path;
}

it.each(["motion", "ecg"])(
  "--template %s trains, and knows more labels than by guessing",
  { timeout: 240_000 },
  async (template) => {
    const path = await project(template);
    const { accuracy, versions } = resultOf(await ftte(path, ["train"]));
    expect(versions).toBe(2);
    expect(accuracy).toBeGreaterThan(0.6);
  },
);

it("--template anomaly trains an autoencoder, and its boards learn a baseline", { timeout: 240_000 }, async () => {
  const path = await project("anomaly");
  const { versions, memory } = resultOf(await ftte(path, ["train"]));
  expect(versions).toBe(2);
  for (const { planned, measured } of memory as { planned: number; measured: number }[]) expect(measured).toBe(planned);
});

it("a board on the wrist captures what the template's model takes", { timeout: 240_000 }, async () => {
  const path = await project("motion", "worn");
  const lines = readFileSync(join(path, "recordings.csv"), "utf8").split("\n").slice(1);
  const rows = lines.filter((line) => line.startsWith("1,walking")).map((line) => line.split(",").slice(2).map(Number));
  const counts = [8197, 8197, 8197, 28.57, 28.57, 28.57];
  const values = Int16Array.from(rows.flatMap((row) => row.map((value, i) => Math.round(value * counts[i]!))));
  const minute = Int16Array.from({ length: 400 * 60 * 6 }, (_, i) => values[i % values.length]!);
  const labels = new Uint16Array(minute.length / 6).fill(0xffff);
  const samples = join(folder, "walk.recording");
  const recording = recordingRows({ values: minute, channels: 6, labels, begins: new Set([0]) });
  writeFileSync(samples, recordingFile(recording, { type: "i16", elements: 6, rateHz: 400 }));
  const configArguments = [...virtualBoardArguments(loadBoardConfig("virtual-256k")), "--baud", "0"];
  const board = new VirtualBoard({ name: "worn", program, folder, samples, configArguments });
  await board.start();
  try {
    const capture = ["data", "capture", board.address, "--label", "walking", "--seconds", "1"];
    expect(resultOf(await ftte(path, capture)).kept).toBeGreaterThanOrEqual(3);
    expect(resultOf(await ftte(path, ["data", "list", board.address])).labels).toMatchObject([
      { label: "walking", number: 3 },
    ]);
  } finally {
    await board.kill();
  }
});
