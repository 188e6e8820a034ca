// Prints what things weigh: kernels.wasm, the firmware of each port with either engine (text, data, bss), each buildable board's RAM part by
// part with the worst case of its native stack, the host bundle, and the CLI's start-up time as a ratio to an empty Node process, taken in
// turn in one run. Builds what is missing; what cannot be built, or a compiler that is not installed, is named and left out. `--json` for programs.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BoardConfig, boardIds, loadBoardConfig } from "../host/boards/config.ts";
import { buildFirmware } from "../host/build/firmware.ts";
import { buildGuest } from "../host/build/guest.ts";
import { type MemoryBudget, memoryBudget } from "../host/build/memory.ts";
import { type Engine, readPort } from "../host/build/port.ts";
import { interpreterStackBytes, sessionStackBytes } from "../host/build/stack.ts";
import { table } from "../host/cli/view/text.ts";
import { FtteError } from "../host/errors.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { json: { type: "boolean" }, runs: { type: "string", default: "15" } } });

const engines = ["wasm3", "aot"] as const;

interface Image {
  firmware: string;
  engine: Engine;
  text: number;
  data: number;
  bss: number;
}

interface BoardMemory {
  board: string;
  engine: Engine;
  memory: MemoryBudget;
  /** Of memory.stack: the session's worst case by the call graph; null for virtual boards, which run on this machine's compiler. */
  stackBound: number | null;
  /** The interpreter's, inside memory.engine. */
  wasm3Stack: number;
}

const boards = boardIds()
  .map((id) => loadBoardConfig(id))
  .filter((board) => board.buildable);

/** What is compiled alike: a port, and whether its compiler makes tail calls for the chip. */
const kindOf = ({ port, chip }: BoardConfig) => `${port}${readPort(port, chip).tailCalls ? "" : ", no tail calls"}`;

/** The posix port, which takes its board when it starts, and the first board of each other kind. */
function firmwares(): { name: string; kind: string; what: { port: string } | { board: BoardConfig } }[] {
  const first = new Map(boards.toReversed().map((board) => [kindOf(board), board]));
  first.delete("posix");
  return [
    { name: "posix", kind: "posix", what: { port: "posix" } },
    ...[...first].map(([kind, board]) => ({ name: board.id, kind, what: { board } })),
  ];
}

async function measure(): Promise<{ firmware: Image[]; bounds: Map<string, number> }> {
  const firmware: Image[] = [];
  const bounds = new Map<string, number>();
  await buildGuest();
  for (const { name, kind, what } of firmwares())
    for (const engine of engines)
      try {
        const { sizes, path } = await buildFirmware({ ...what, engine });
        firmware.push({ firmware: name, engine, ...sizes });
        if (!("board" in what)) continue;
        const port = readPort(what.board.port, what.board.chip);
        bounds.set(`${kind} ${engine}`, sessionStackBytes(dirname(path), port, engine));
      } catch (error) {
        if (!(error instanceof FtteError)) throw error;
        console.error(`${name}, ${engine} is left out: ${error.message}`);
      }
  return { firmware, bounds };
}

const memoryOf = (bounds: Map<string, number>): BoardMemory[] =>
  boards.flatMap((board) =>
    engines.map((engine) => ({
      board: board.id,
      engine,
      memory: memoryBudget(board, engine),
      stackBound: bounds.get(`${kindOf(board)} ${engine}`) ?? null,
      wasm3Stack: interpreterStackBytes(engine),
    })),
  );

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
const { firmware, bounds } = await measure();
const report = { guest, firmware, boards: memoryOf(bounds), hostBundleBytes: bundle, startUp: startUp() };

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
  console.log(
    `\n${table(
      [
        "board",
        "engine",
        "RAM",
        "static",
        "native stack",
        "its worst case",
        "engine's pool",
        "wasm3 stack in it",
        "arena left",
      ],
      report.boards.map(({ board, engine, memory, stackBound: bound, wasm3Stack }) => [
        ...[board, engine, memory.ram, memory.static, memory.stack, bound ?? ""].map(String),
        ...[memory.engine, wasm3Stack, memory.arena].map(String),
      ]),
    )}`,
  );
  console.log(`\nhost bundle ${report.hostBundleBytes} bytes`);
  console.log(`ftte --help ${report.startUp.ms.toFixed(0)} ms, ${report.startUp.ratio.toFixed(2)} × node -e 0`);
}
