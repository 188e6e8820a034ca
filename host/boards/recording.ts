// Waits until a board has recorded what its sensor has for it, so that a run starts from the same samples every time.

import type { OpenPipe } from "../link/pipe.ts";
import type { FleetBoard } from "./local_fleet.ts";
import { BoardSession } from "./session.ts";

const pollMs = 50;
const patienceMs = 5000;

/**
 * Returns the number of samples in the board's log: `expected`, or fewer when none came for five seconds (the log is full, the sensor ended).
 * @throws FtteError when the board does not answer
 */
export async function recorded(board: FleetBoard, expected: number, open: OpenPipe): Promise<number> {
  const { address, baudRate, id, name } = board;
  const session = new BoardSession(await open(address, baudRate === undefined ? {} : { baudRate }), {
    name,
    chipId: id,
  });
  try {
    let samples = -1;
    for (let sinceMs = performance.now(); ; await new Promise((done) => setTimeout(done, pollMs))) {
      const hello = await session.hello();
      if (hello.samples >= expected || performance.now() - sinceMs > patienceMs) return hello.samples;
      if (hello.samples !== samples) sinceMs = performance.now();
      samples = hello.samples;
    }
  } finally {
    await session.close();
  }
}
