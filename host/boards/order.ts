// What must happen on a board before a task runs: blobs by checksum, the slice as a delta where the board has its base, the task.
// No loop and no reconnecting: board_worker.ts.

import { FtteError } from "../errors.ts";
import type { Order, SlicePayload } from "../fl/fleet.ts";
import { boardErrors, Feature, type Hello, TaskFlag, zeroVersion } from "../wire/spec.gen.ts";
import type { BoardSession } from "./session.ts";

/**
 * Sends what the board lacks, and nothing else. Returns true when the slice went as a delta.
 * @throws FtteError of the link or of the board
 */
export async function prepareBoard(
  session: BoardSession,
  order: Order,
  hello: Hello,
  signal: AbortSignal,
): Promise<boolean> {
  const held = { kernels: hello.kernelsCrc, plan: hello.planCrc, frozen: hello.frozenCrc };
  for (const blob of order.required) {
    if (blob.kind === "kernels" && hello.features & Feature.aot) continue; // part of its firmware
    if (held[blob.kind] !== blob.crc) await session.put(blob.kind, blob.bytes, { signal });
  }
  const { version, crc, full, delta } = order.slice;
  if (hello.sliceVersion === version && hello.sliceCrc === crc) return false;
  if (delta && hasBase(hello, delta)) {
    try {
      await session.put("delta", delta.bytes, { signal });
      return true;
    } catch (error) {
      if (!isBoardRefusal(error)) throw error; // refused: the whole slice always fits
    }
  }
  await session.put("slice", full, { signal });
  return false;
}

const hasBase = (hello: Hello, { baseVersion, baseCrc }: NonNullable<SlicePayload["delta"]>) =>
  baseVersion === zeroVersion || (hello.sliceVersion === baseVersion && hello.sliceCrc === baseCrc);

/** Starts the order's task. When the delta turns out not to have given the slice that the task names, sends it whole, once. */
export async function startTask(
  session: BoardSession,
  order: Order,
  usedDelta: boolean,
  signal: AbortSignal,
): Promise<void> {
  const task = taskOf(order);
  try {
    await session.train(task, { signal });
  } catch (error) {
    const wrongSlice =
      error instanceof FtteError && (error.code === "slice-version" || error.code === "slice-mismatch");
    if (!wrongSlice || !usedDelta) throw error;
    await session.put("slice", order.slice.full, { signal });
    await session.train(task, { signal });
  }
}

function taskOf(order: Order) {
  const crcOf = (kind: string) => order.required.find((blob) => blob.kind === kind)?.crc ?? 0;
  return {
    run: order.run,
    task: order.task,
    baseVersion: order.slice.version,
    frozenCrc: crcOf("frozen"),
    planCrc: crcOf("plan"),
    steps: order.steps,
    learningRate: order.learningRate,
    seed: order.seed,
    checkpointEvery: order.checkpointEvery,
    flags: flagsOf(order.encoding),
    kept: typeof order.encoding === "string" ? 0 : order.encoding.topK,
  };
}

function flagsOf(encoding: Order["encoding"]): number {
  if (encoding === "f32") return TaskFlag.f32Update;
  return encoding === "int4" ? TaskFlag.int4Update : 0;
}

/** True for errors that the board itself answered; false for those of the link and of the host. */
export function isBoardRefusal(error: unknown): error is FtteError {
  return error instanceof FtteError && error.code in boardErrors && error.code !== "link-gone";
}

/** The board's number for a refusal. */
export function refusalCode(error: FtteError): number {
  return error.code in boardErrors
    ? boardErrors[error.code as keyof typeof boardErrors].code
    : boardErrors.argument.code;
}
