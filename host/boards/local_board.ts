// A board of board-configs/ as a process of this machine: in its emulator where it has one, else the posix firmware with that board's memory.

import { buildFirmware } from "../build/firmware.ts";
import { type Engine, readPort } from "../build/port.ts";
import { makeTool, type Tool } from "../build/prerequisites.mjs";
import { compilerOf } from "../build/toolchain.ts";
import { FtteError } from "../errors.ts";
import type { BoardProcess, BoardProcessOptions } from "./board_process.ts";
import { type BoardConfig, virtualBoardArguments } from "./config.ts";
import { EmulatedBoard } from "./emulated.ts";
import { machines } from "./machines.ts";
import { VirtualBoard } from "./virtual.ts";

export interface LocalBoardOptions extends BoardProcessOptions {
  /** As buildProgram gives it. */
  program: string;
  /** See VirtualBoardOptions; an emulated board has the machine's speed and no battery. */
  speed?: number | undefined;
  battery?: number | undefined;
}

const isEmulated = ({ flashing }: BoardConfig) => flashing.machine !== undefined;

/** Boards with one key run one program. */
export const programKey = (board: BoardConfig, engine: Engine) => `${isEmulated(board) ? board.id : "posix"} ${engine}`;

/** What must be installed to build and run it. */
export function toolsOf(board: BoardConfig): Tool[] {
  const { machine } = board.flashing;
  const build = [compilerOf(readPort(machine ? board.port : "posix")), makeTool];
  return machine ? [...build, machines[machine].emulator] : build;
}

/** @returns its path. @throws FtteError as buildFirmware does */
export async function buildProgram(board: BoardConfig, engine: Engine): Promise<string> {
  return (await buildFirmware(isEmulated(board) ? { board, engine } : { port: "posix", engine })).path;
}

/** Does not start it. @throws FtteError "config-invalid" for a speed or a battery that an emulator has not */
export function localBoard(board: BoardConfig, options: LocalBoardOptions): BoardProcess {
  const { speed, battery, ...own } = options;
  if (!isEmulated(board)) {
    const further = { ...(speed !== undefined && { speed }), ...(battery !== undefined && { battery }) };
    return new VirtualBoard({ ...own, configArguments: virtualBoardArguments(board), ...further });
  }
  if (speed === undefined && battery === undefined) return new EmulatedBoard({ ...own, board });
  const what = `fleet: boards of ${board.id} are emulated`;
  throw new FtteError("config-invalid", `${what}: they have the machine's speed and no battery; leave both out`);
}
