// How a board's RAM is dealt out: what the port and the engine take, and what is left for a plan's arena. Pure arithmetic over the facts
// of host/build/port.ts; measures nothing.

import type { BoardConfig } from "../boards/config.ts";
import { FtteError } from "../errors.ts";
import { type Engine, enginePoolBytes, readPort } from "./port.ts";

export interface MemoryBudget {
  ram: number; // the board's first RAM region
  static: number; // port's buffers and the C library's data
  stack: number; // native, of the session
  engine: number; // engine and session, inside the pool
  arena: number; // what a plan may have: the rest, at least 0
}

/** A board that still waits for its port is reckoned like a virtual board, so that a fleet can be planned before it. */
export function memoryBudget(board: BoardConfig, engine: Engine): MemoryBudget {
  const { stackBytes, staticBytes } = readPort(board.buildable ? board.port : "posix", board.chip);
  const fixed = { ram: board.ramBytes, static: staticBytes, stack: stackBytes, engine: enginePoolBytes(engine) };
  return { ...fixed, arena: Math.max(0, fixed.ram - fixed.static - fixed.stack - fixed.engine) };
}

/** What stands beside an arena, part by part, for a message. */
export function partsOf(board: BoardConfig, engine: Engine): string {
  const budget = memoryBudget(board, engine);
  return (
    `${board.id} has ${budget.ram} bytes of RAM: ${budget.static} static, ${budget.stack} of native stack, ` +
    `${budget.engine} for the ${engine} engine and the session; ${budget.arena} are left for an arena`
  );
}

/** @throws FtteError "plan-too-large" that names the board and every part of its RAM */
export function requireRoom(board: BoardConfig, engine: Engine, arenaBytes: number): void {
  const { arena } = memoryBudget(board, engine);
  if (arenaBytes <= arena && arena > 0) return;
  throw new FtteError(
    "plan-too-large",
    `an arena of ${arenaBytes} bytes does not fit: ${partsOf(board, engine)}; ` +
      "train less, or choose the engine aot or a board with more RAM",
  );
}
