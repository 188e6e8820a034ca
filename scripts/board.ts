// Starts one board of board-configs/ on this machine, in its emulator where it has one, and prints its address; ends it at Ctrl-C. For
// `npm run hil`, for whoever has no board at hand (its sensor can play a project's recordings), and tests of a firmware's author.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { boardIds, loadBoardConfig } from "../host/boards/config.ts";
import { buildProgram, localBoard, toolsOf } from "../host/boards/local_board.ts";
import { noLabel, recordingFile, recordingRows } from "../host/boards/recording.ts";
import { buildGuest } from "../host/build/guest.ts";
import { requireTools } from "../host/build/toolchain.ts";
import { loadProject } from "../host/cli/load_config.ts";
import { type CsvRow, csvRows } from "../host/data/csv.ts";
import { FtteError } from "../host/errors.ts";

const help = `Starts a board of board-configs/ on this machine and prints its address.

  npm run board -- <id> [options]

  --folder FOLDER  where its line and its flash go (build/boards); what its flash holds is there again at the next start
  --erase          a factory-new board
  --plays PROJECT  its sensor plays the recordings of the project in this folder (data of kind "csv" and type "i16"), again and again for an hour
  --label NAME     only those of this label
  --rate HZ        rows a second, 50 by default
  --help           this text

A board without an emulator becomes a process with that board's memory. Emulated: ${boardIds()
  .filter((id) => loadBoardConfig(id).flashing.machine)
  .join(", ")}.

Examples: npm run board -- microbit-nrf52840
          npm run board -- virtual-64k --plays wrist --label walking
Exit status: 0 ended by Ctrl-C, 2 usage, 3 the board did not start, 5 a compiler or an emulator is missing.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: fileURLToPath(new URL("../build/boards", import.meta.url)) },
    erase: { type: "boolean", default: false },
    plays: { type: "string" },
    label: { type: "string" },
    rate: { type: "string", default: "50" },
    help: { type: "boolean", default: false },
  },
});

/** The rows that are played. @throws FtteError for a project that has none, or none that a sensor could have measured */
async function playedRows(project: string, label: string | undefined): Promise<CsvRow[]> {
  const { folder, config } = await loadProject(join(project, "ftte.config.ts"));
  const { data } = config;
  if (data.kind !== "csv" || data.type !== "i16")
    throw new FtteError("usage", `${project}: a sensor plays data of kind "csv" and type "i16" only`);
  const { user, ...rest } = data;
  const rows = csvRows({ ...rest, ...(user && { user }), path: resolve(folder, data.path) });
  const played = rows.filter((row) => label === undefined || row.label === label);
  if (played.length > 0) return played;
  const labels = [...new Set(rows.map((row) => row.label))].join(", ");
  throw new FtteError("usage", `${project}: no row of its recordings has the label ${label}; there are ${labels}`);
}

/** An hour of them, over and over, without their labels: a capture says what the wearer does. */
function hourOf(rows: readonly CsvRow[], rateHz: number): Buffer {
  const hour = Array.from({ length: Math.ceil(3600 * rateHz) }, (_, i) => i % rows.length);
  const follows = (i: number) => i > 0 && rows[i]!.label === rows[i - 1]!.label && rows[i]!.user === rows[i - 1]!.user;
  const channels = rows[0]!.values.length;
  const values = Int16Array.from({ length: hour.length * channels }, (_, i) => {
    return rows[hour[Math.floor(i / channels)]!]!.values[i % channels]!;
  });
  const labels = new Uint16Array(hour.length).fill(noLabel);
  const begins = new Set([...hour.keys()].filter((i) => !follows(hour[i]!)));
  return recordingFile(recordingRows({ values, channels, labels, begins }), {
    type: "i16",
    elements: channels,
    rateHz,
  });
}

/** The file that the board's sensor plays, undefined without --plays. */
async function recording(id: string): Promise<string | undefined> {
  if (values.plays === undefined) return undefined;
  const rateHz = Number(values.rate);
  if (!(rateHz > 0 && rateHz <= 1000)) throw new FtteError("usage", `--rate ${values.rate}: give 1000 Hz or less`);
  const rows = await playedRows(values.plays, values.label);
  const file = join(resolve(values.folder), `${id}.recording`);
  mkdirSync(resolve(values.folder), { recursive: true });
  writeFileSync(file, hourOf(rows, rateHz));
  return file;
}

async function main(): Promise<number> {
  const [id] = positionals;
  if (values.help || id === undefined) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  const config = loadBoardConfig(id);
  requireTools(id, toolsOf(config));
  await buildGuest();
  const program = await buildProgram(config, "wasm3");
  const samples = await recording(id);
  const board = localBoard(config, { name: id, folder: resolve(values.folder), program, ...(samples && { samples }) });
  if (samples && !board.hasSensor) throw new FtteError("usage", `${id}: its emulator has no sensor that could play`);
  if (values.erase) await board.erase();
  await board.start();
  console.log(`${id}, chip ${board.chipId}, at ${board.address}`);
  const keepAlive = setInterval(() => {}, 1 << 30);
  await new Promise((end) => process.once("SIGINT", end).once("SIGTERM", end));
  clearInterval(keepAlive);
  await board.kill();
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof FtteError)) throw error;
  console.error(`board: ${error.message}`);
  process.exitCode = { "compiler-missing": 5, "build-failed": 5, "board-lost": 3 }[error.code as string] ?? 2;
}
