// `ftte update` for one live board without its command: what it sends, over pipes that a test may break.

import type { BoardProcess } from "../../host/boards/board_process.ts";
import type { FindOptions } from "../../host/boards/find.ts";
import { KnownBoards } from "../../host/boards/names.ts";
import { ConsoleBoard } from "../../host/cli/console/board.ts";
import { type AirBlob, type AirReport, overTheAir } from "../../host/cli/over_the_air.ts";
import type { FtteError } from "../../host/errors.ts";
import type { OpenPipe, Pipe } from "../../host/link/pipe.ts";
import { openPatiently } from "./live_board.ts";

/** Gives the board the blob; the report, or the error, whose code is then its outcome. */
export async function updated(
  live: { board: Pick<BoardProcess, "address"> },
  blob: AirBlob,
  options: { open?: OpenPipe; trialSeconds?: number; patienceMs?: number } = {},
): Promise<AirReport | { outcome: string; message: string }> {
  const { open = openPatiently, trialSeconds = 60, patienceMs = 20_000 } = options;
  const ports = async () => [{ address: live.board.address, kind: "serial" as const }];
  const finding: FindOptions = { known: KnownBoards.read("/nonexistent"), ports, open: openPatiently };
  let board: ConsoleBoard | undefined;
  try {
    board = await ConsoleBoard.find(live.board.address, finding);
    finding.open = open; // only what the update itself does may break
    return await overTheAir(board, blob, { trialSeconds, patienceMs, onStage: () => {} });
  } catch (error) {
    return { outcome: (error as FtteError).code, message: (error as FtteError).message };
  } finally {
    await board?.close();
  }
}

/** Pipes of which one breaks, once: instead of write number `at` (from 0) over all of them, or right after it. */
export function breakingOnce(at: number, after: boolean): { open: OpenPipe; writes: () => number } {
  let writes = 0;
  const open: OpenPipe = async (address, options) => {
    const pipe = await openPatiently(address, options);
    const write: Pipe["write"] = async (bytes) => {
      const breaks = writes++ === at;
      if (!breaks || after) await pipe.write(bytes);
      if (breaks) await pipe.close();
    };
    const { closed } = pipe;
    return { address, closed, write, close: () => pipe.close(), onData: (listener) => pipe.onData(listener) };
  };
  return { open, writes: () => writes };
}
