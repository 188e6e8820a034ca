// `ftte build`: a board's firmware, and how its RAM is dealt out. With --config, what the project trains on that board must fit it.

import { relative } from "node:path";
import { loadBoardConfig } from "../../boards/config.ts";
import { buildFirmware } from "../../build/firmware.ts";
import { buildGuest } from "../../build/guest.ts";
import { memoryBudget, requireRoom } from "../../build/memory.ts";
import type { Engine } from "../../build/port.ts";
import { FtteError } from "../../errors.ts";
import { loadProject } from "../load_config.ts";
import { say, sayJson } from "../output.ts";
import { planFleet } from "../setup.ts";
import { table } from "../view/text.ts";

export interface BuildOptions {
  board: string;
  engine: Engine;
  config?: string;
  json?: boolean;
}

/** The largest arena that the project's fleet trains in on this board. */
async function arenaOf(config: string, board: string): Promise<number> {
  const parts = planFleet((await loadProject(config)).config).filter((part) => part.board.id === board);
  if (parts.length === 0) throw new FtteError("usage", `${config}: the fleet has no board "${board}"`);
  return Math.max(...parts.map((part) => part.plan.memoryBytes));
}

export async function build(options: BuildOptions): Promise<void> {
  const board = loadBoardConfig(options.board);
  if (!board.buildable)
    throw new FtteError("usage", `${board.id} ${board.status}, which firmware/ports does not have yet`);
  const arena = options.config === undefined ? 1 : await arenaOf(options.config, board.id);
  requireRoom(board, options.engine, arena);
  await buildGuest();
  // A virtual board's process is told of its board when it starts.
  const what = board.flashing.method === "process" ? { port: board.port } : { board };
  const { path, images, compiler, sizes } = await buildFirmware({ ...what, engine: options.engine });
  const memory = memoryBudget(board, options.engine);
  const files = [path, ...images];
  if (options.json) {
    sayJson({ type: "result", board: board.id, engine: options.engine, path, images, compiler, sizes, memory });
    return;
  }
  say(false, files.map((file) => `built ${relative(process.cwd(), file)}`).join("\n"));
  say(false, `\n${table(["what", "bytes"], rows(sizes, memory))}`);
}

const rows = (sizes: { text: number; data: number }, memory: ReturnType<typeof memoryBudget>): string[][] => [
  ["flash, image", String(sizes.text + sizes.data)],
  ["RAM", String(memory.ram)],
  ["  static, at most", String(memory.static)],
  ["  native stack", String(memory.stack)],
  ["  engine and session, at most", String(memory.engine)],
  ["  left for a plan's arena", String(memory.arena)],
];
