// What tests say to a board that is a process: hello, samples, a task.

import type { BoardProcess } from "../../host/boards/board_process.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { openSerial } from "../../host/link/serial.ts";
import { elements, oneTask, orderFor } from "./live_board.ts";

export async function session<T>(board: BoardProcess, work: (session: BoardSession) => Promise<T>): Promise<T> {
  const { chipId, address } = board;
  const open = new BoardSession(await openSerial(address), { name: chipId, chipId });
  return work(open).finally(() => open.close());
}

export const hello = (board: BoardProcess) => session(board, (open) => open.hello());

export const samples = Array.from({ length: 10 }, (_, i) =>
  Float32Array.from({ length: elements }, (_, j) => Math.sin(i * elements + j) * 1.5),
);

/** Appends the samples and gives how many the board holds. */
export async function record(board: BoardProcess): Promise<number> {
  return session(board, async (open) => {
    await open.hello();
    for (const [i, sample] of samples.entries()) await open.sampleAppend(i % 3, new Uint8Array(sample.buffer));
    return (await open.hello()).samples;
  });
}

/** Trains a task to its end and gives its update, which the board keeps. */
export async function train({ chipId: id, address, name }: BoardProcess, task: number): Promise<string> {
  const update = await oneTask({ identity: { id, address, name } }, orderFor(id, task, 1), {
    verdict: "none",
    patienceMs: 10_000,
  });
  return Buffer.from(update).toString("hex");
}
