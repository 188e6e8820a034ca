// Writes docs/boards: a page for each config of board-configs/ (board_page.ts), and the index README.md. Removes pages whose config is gone.
// `--check` fails when the folder differs from what would be written.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BoardConfig, boardIds, isLocal, loadBoardConfig } from "../host/boards/config.ts";
import { methodList } from "./board_flashing.ts";
import { boardPage, table } from "./board_page.ts";

const folder = fileURLToPath(new URL("../docs/boards/", import.meta.url));

const links = { pty: "pty", uart: "UART pins, by an adapter", "usb-uart": "USB" } as const;

function row(board: BoardConfig): string[] {
  const { id, chip, port, link, tried } = board;
  const real = isLocal(board) ? ["–", "–"] : [tried.image ?? "–", tried.hardware.join("; ") || "no"];
  const driver = board.buildable ? port : `waits for ${port}`;
  return [`[${id}](${id}.md)`, chip, driver, methodList(board), links[link.kind], tried.emulated, ...real];
}

function index(boards: BoardConfig[]): string {
  return `# The boards

A page for each config of \`board-configs/\`: wiring, buttons, bootloader, flashing, memory, and what was tried. What the last three columns
mean is said in [hardware-status.md](../hardware-status.md); how to add a board, in [add-a-board.md](../add-a-board.md).

${table([["board", "chip", "port", "flashed by", "link", "emulated", "image checked", "hardware"], ...boards.map(row)])}

(Made by scripts/generate_boards.ts of the configs; do not edit.)
`;
}

const boards = boardIds().map((id) => loadBoardConfig(id));
const pages = new Map([
  ["README.md", index(boards)],
  ...boards.map((board): [string, string] => [`${board.id}.md`, boardPage(board)]),
]);
const present = existsSync(folder) ? readdirSync(folder) : [];
const gone = present.filter((name) => !pages.has(name));

if (process.argv.includes("--check")) {
  const stale = [...pages].filter(
    ([name, text]) => !present.includes(name) || readFileSync(folder + name, "utf8") !== text,
  );
  for (const name of [...stale.map(([page]) => page), ...gone])
    console.error(`docs/boards/${name} is not what board-configs/ says; run: npm run generate`);
  process.exitCode = stale.length + gone.length ? 1 : 0;
} else {
  mkdirSync(folder, { recursive: true });
  for (const name of gone) rmSync(folder + name);
  for (const [name, text] of pages) writeFileSync(folder + name, text);
}
