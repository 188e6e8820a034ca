// Boards that are processes of this machine (virtual and emulated ones) have nothing to flash: the next one that starts runs the program
// that was built. Here one starts in a folder of its own, only to say hello.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BoardConfig } from "../boards/config.ts";
import { localBoard } from "../boards/local_board.ts";
import type { Hello } from "../wire/spec.gen.ts";
import { type Expected, firstHello, type HelloOptions } from "./first_hello.ts";

export const isLocal = ({ flashing }: BoardConfig) => flashing.method === "process" || flashing.method === "emulator";

/** @param program as it was built for the board. @throws FtteError as firstHello does; "board-lost" when it does not start */
export async function trial(program: string, expected: Expected, options: HelloOptions = {}): Promise<Hello> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-trial-"));
  const board = localBoard(expected.board, { name: expected.board.id, folder, program });
  try {
    await board.start();
    return await firstHello(board.address, expected, options);
  } finally {
    await board.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
