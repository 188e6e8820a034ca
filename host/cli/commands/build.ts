// `ftte build`: a board's firmware, and how its RAM is dealt out. With --config, what the project trains on that board must fit it.

import { relative } from "node:path";
import { memoryBudget } from "../../build/memory.ts";
import type { Engine } from "../../build/port.ts";
import { boardFirmware, buildableBoard } from "../board_firmware.ts";
import { say, sayJson } from "../output.ts";
import { table } from "../view/text.ts";

export interface BuildOptions {
  board: string;
  engine: Engine;
  config?: string;
  /** Samples may be read out of the board. */
  allowExport?: boolean;
  json?: boolean;
}

export async function build(options: BuildOptions): Promise<void> {
  const board = buildableBoard(options.board);
  const { path, images, compiler, sizes } = await boardFirmware(board, options.engine, options);
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
