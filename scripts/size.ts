// Prints what things weigh: kernels.wasm, the firmware of one board of each port with either engine (text, data, bss), the host bundle, and
// the CLI's start-up time as a ratio to an empty Node process, taken in turn in one run. Builds what is missing; a port whose compiler
// is not installed is left out and named. `--json` for programs.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BoardConfig, boardIds, loadBoardConfig } from "../host/boards/config.ts";
import { buildFirmware } from "../host/build/firmware.ts";
import { buildGuest } from "../host/build/guest.ts";
import type { Engine } from "../host/build/port.ts";
import { table } from "../host/cli/view/text.ts";
import { FtteError } from "../host/errors.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { json: { type: "boolean" }, runs: { type: "string", default: "15" } } });

interface Image {
  firmware: string;
  engine: Engine;
  text: number;
  data: number;
  bss: number;
}

/** The posix port, which takes its board when it starts, and the first board of each other port. */
function firmwares(): { name: string; what: { port: string } | { board: BoardConfig } }[] {
  const boards = boardIds().map((id) => loadBoardConfig(id));
  const others = boards.filter((board) => board.buildable && board.port !== "posix");
  const first = new Map(others.reverse().map((board) => [board.port, board]));
  return [
    { name: "posix", what: { port: "posix" } },
    ...[...first.values()].map((board) => ({ name: board.id, what: { board } })),
  ];
}

async function images(): Promise<Image[]> {
  const rows: Image[] = [];
  await buildGuest();
  for (const { name, what } of firmwares())
    for (const engine of ["wasm3", "aot"] as const)
      try {
        const { sizes } = await buildFirmware({ ...what, engine });
        rows.push({ firmware: name, engine, ...sizes });
      } catch (error) {
        if (!(error instanceof FtteError) || error.code !== "compiler-missing") throw error;
        console.error(`${name} is left out: ${error.message}`);
        break;
      }
  return rows;
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

function milliseconds(args: string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with status ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** Median of the pairwise ratios: robust on a noisy machine. */
function startUp(): { ms: number; ratio: number } {
  const pairs = Array.from({ length: Number(values.runs) }, () => ({
    help: milliseconds([`${root}dist/ftte.js`, "--help"]),
    empty: milliseconds(["-e", "0"]),
  }));
  return { ms: median(pairs.map((p) => p.help)), ratio: median(pairs.map((p) => p.help / p.empty)) };
}

const guest = ["kernels.wasm", "kernels.twin.wasm", "fold.wasm"]
  .filter((name) => existsSync(`${root}build/guest/${name}`))
  .map((name) => ({ name, bytes: statSync(`${root}build/guest/${name}`).size }));
const bundle = readdirSync(`${root}dist`)
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + statSync(`${root}dist/${name}`).size, 0);
const report = { guest, firmware: await images(), hostBundleBytes: bundle, startUp: startUp() };

if (values.json) console.log(JSON.stringify(report));
else {
  console.log(
    table(
      ["guest", "bytes"],
      report.guest.map((g) => [g.name, String(g.bytes)]),
    ),
  );
  console.log(
    `\n${table(
      ["firmware", "engine", "text", "data", "bss"],
      report.firmware.map((f) => [f.firmware, f.engine, String(f.text), String(f.data), String(f.bss)]),
    )}`,
  );
  console.log(`\nhost bundle ${report.hostBundleBytes} bytes`);
  console.log(`ftte --help ${report.startUp.ms.toFixed(0)} ms, ${report.startUp.ratio.toFixed(2)} × node -e 0`);
}
