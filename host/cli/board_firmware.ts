// A board's firmware for the commands that need one, `ftte build` and `ftte flash`: what must hold before it is built, and what is built.

import { type BoardConfig, loadBoardConfig } from "../boards/config.ts";
import { buildFirmware, type Firmware } from "../build/firmware.ts";
import { buildGuest } from "../build/guest.ts";
import { requireRoom } from "../build/memory.ts";
import type { Engine } from "../build/port.ts";
import { FtteError } from "../errors.ts";
import { loadProject } from "./load_config.ts";
import { planFleet } from "./setup.ts";

/**
 * @param folder of the configs; the package's own when left out
 * @throws FtteError "config-invalid" for an unknown board, "usage" for one whose port does not exist
 */
export function buildableBoard(id: string, folder?: string): BoardConfig {
  const board = loadBoardConfig(id, folder);
  if (board.buildable) return board;
  throw new FtteError("usage", `${board.id} ${board.status}, which firmware/ports does not have yet`);
}

/**
 * @param options `config`: of a project: what it trains on that board must fit; `allowExport`: see buildFirmware
 * @throws FtteError as requireRoom and buildFirmware do; "usage" when the project's fleet has no such board
 */
export async function boardFirmware(
  board: BoardConfig,
  engine: Engine,
  { config, allowExport = false }: { config?: string | undefined; allowExport?: boolean | undefined } = {},
): Promise<Firmware> {
  requireRoom(board, engine, config === undefined ? 1 : await arenaOf(config, board.id));
  await buildGuest();
  // A virtual board's process is told of its board when it starts.
  const what = board.flashing.method === "process" ? { port: board.port } : { board };
  return buildFirmware({ ...what, engine, allowExport });
}

/** The largest arena that the project's fleet trains in on this board. */
async function arenaOf(config: string, board: string): Promise<number> {
  const parts = planFleet((await loadProject(config)).config).filter((part) => part.board.id === board);
  if (parts.length === 0) throw new FtteError("usage", `${config}: the fleet has no board "${board}"`);
  return Math.max(...parts.map((part) => part.plan.memoryBytes));
}
