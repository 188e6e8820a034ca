// A board on a wrist, for tests: a process with the memory and the class of a board's config, whose sensor plays the wearer of the motion
// template walking. Started by a test, or as a program, which ends when it is killed:
//
//     npx tsx tests/system/worn_board.ts esp32-motion FOLDER    # its line is FOLDER/wrist.pty
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { noLabel, recordingFile, recordingRows } from "../../host/boards/recording.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { root } from "../../host/build/root.ts";
import { motion } from "../../host/cli/templates/motion.ts";

/** LSM6DS3TR-C datasheet, table 3: what ±4 g and ±1000 °/s are counted in. */
const counts = [8197, 8197, 8197, 28.57, 28.57, 28.57];
const rateHz = 400;
const minutes = 5; // however slow the machine is

/** One person's walk out of the template's recordings.csv, over and over, in the sensor's counts, with no label: the capture gives one. */
function walk(): Buffer {
  const lines = motion.recordings!().split("\n");
  const rows = lines.filter((line) => line.startsWith("1,walking")).map((line) => line.split(",").slice(2).map(Number));
  const values = Int16Array.from(rows.flatMap((row) => row.map((value, i) => Math.round(value * counts[i]!))));
  const labels = new Uint16Array(rateHz * 60 * minutes).fill(noLabel);
  const whole = Int16Array.from({ length: labels.length * counts.length }, (_, i) => values[i % values.length]!);
  const recording = recordingRows({ values: whole, channels: counts.length, labels, begins: new Set([0]) });
  return recordingFile(recording, { type: "i16", elements: counts.length, rateHz });
}

/** Not started yet. */
export async function wornBoard(config: string, folder: string): Promise<VirtualBoard> {
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  mkdirSync(folder, { recursive: true });
  const samples = join(folder, "walk.recording");
  writeFileSync(samples, walk());
  const configArguments = [...virtualBoardArguments(loadBoardConfig(config)), "--baud", "0"];
  return new VirtualBoard({ name: "wrist", program, folder, samples, configArguments });
}

if (process.argv[1] === join(root, "tests/system/worn_board.ts")) {
  const [config, folder] = process.argv.slice(2);
  const board = await wornBoard(config!, folder!);
  await board.start();
  setInterval(() => {}, 1 << 30); // until it is killed, and its board with it
}
