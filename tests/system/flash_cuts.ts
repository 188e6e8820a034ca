// Where to cut a board's power: what its flash log says that it erased and programmed, and the byte positions worth a cut.

import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { VirtualBoard } from "../../host/boards/virtual.ts";

export interface FlashOperation {
  what: "erase" | "program";
  offset: number;
  bytes: number;
}

/** The operations of a log that the firmware's --flash-log wrote. */
export function flashLog(path: string): FlashOperation[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [what, offset, bytes] = line.split(" ");
      return { what: what as FlashOperation["what"], offset: Number(offset), bytes: Number(bytes) };
    });
}

/**
 * How many bytes are still written before the power fails: before the first byte, in the middle and before the last byte of each
 * operation, or before every byte of all of them.
 */
export function cutPositions(operations: readonly FlashOperation[], everyByte: boolean): number[] {
  const positions = new Set<number>();
  let start = 0;
  for (const { bytes } of operations) {
    if (everyByte) for (let i = 0; i < bytes; i++) positions.add(start + i);
    else for (const i of [0, bytes >> 1, bytes - 1]) positions.add(start + i);
    start += bytes;
  }
  return [...positions];
}

/** The folder in which a virtual board keeps what survives a power cut. */
const stateOf = (board: VirtualBoard) => join(board.options.folder, board.options.name);

export interface FlashState {
  /** Makes it the state of a board that does not run. */
  restore(board: VirtualBoard): void;
}

/** What the board, which must not run, holds in flash now; kept in `folder`. */
export function flashOf(board: VirtualBoard, folder: string): FlashState {
  cpSync(stateOf(board), folder, { recursive: true });
  return {
    restore(other) {
      mkdirSync(stateOf(other), { recursive: true });
      cpSync(folder, stateOf(other), { recursive: true });
    },
  };
}

/** Runs `work` on every item, `width` at a time, in order of the items. After a failure no more are begun; rejects with the first. */
export async function together<T>(items: readonly T[], width: number, work: (item: T, lane: number) => Promise<void>) {
  const failures: unknown[] = [];
  let next = 0;
  const lanes = Array.from({ length: width }, async (_, lane) => {
    while (next < items.length && failures.length === 0)
      await work(items[next++]!, lane).catch((error) => failures.push(error));
  });
  await Promise.all(lanes);
  if (failures.length > 0) throw failures[0];
}
