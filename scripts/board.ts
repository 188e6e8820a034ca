// Starts one board of board-configs/ on this machine, in its emulator where it has one, and prints its address; ends it at Ctrl-C. For
// `npm run hil`, `npx ftte boards --port`, and tests of a firmware's author.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { boardIds, loadBoardConfig } from "../host/boards/config.ts";
import { buildProgram, localBoard, toolsOf } from "../host/boards/local_board.ts";
import { buildGuest } from "../host/build/guest.ts";
import { requireTools } from "../host/build/toolchain.ts";
import { FtteError } from "../host/errors.ts";

const help = `Starts a board of board-configs/ on this machine and prints its address.

  npm run board -- <id> [options]

  --folder FOLDER  where its line and its flash go (build/boards); what its flash holds is there again at the next start
  --erase          a factory-new board
  --help           this text

A board without an emulator becomes a process with that board's memory. Emulated: ${boardIds()
  .filter((id) => loadBoardConfig(id).flashing.machine)
  .join(", ")}.

Example: npm run board -- microbit-nrf52840
Exit status: 0 ended by Ctrl-C, 2 usage, 3 the board did not start, 5 a compiler or an emulator is missing.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: fileURLToPath(new URL("../build/boards", import.meta.url)) },
    erase: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

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
  const board = localBoard(config, { name: id, folder: resolve(values.folder), program });
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
