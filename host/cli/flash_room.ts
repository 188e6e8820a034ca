// Whether the blobs that a run makes of a plan fit the partitions of a board's flash.

import type { BoardConfig } from "../boards/config.ts";
import { FtteError } from "../errors.ts";
import { type BlobName, blobBytes } from "../plan/blobs.ts";
import type { Plan } from "../plan/types.ts";
import type { UpdateEncoding } from "../plan/update_rows.ts";

/** Of each slot (FTTE_STORE_SLOT_HEADER in firmware/core/store/store.h). */
const slotHeaderBytes = 128;

/** The blobs that are larger than their partition, for a message: "slice (13700 of 12160 bytes)"; empty when all fit. */
function excess({ flash: { partitions } }: BoardConfig, plan: Plan, encoding: UpdateEncoding): string[] {
  return (Object.entries(blobBytes(plan, encoding)) as [BlobName, number][])
    .filter(([name, bytes]) => bytes > partitions[name] - slotHeaderBytes)
    .map(([name, bytes]) => `${name} (${bytes} of ${partitions[name] - slotHeaderBytes} bytes)`);
}

export const fitsFlash = (board: BoardConfig, plan: Plan, encoding: UpdateEncoding): boolean =>
  excess(board, plan, encoding).length === 0;

/** @throws FtteError "plan-too-large" that names the board and the partitions that are too small */
export function requireFlash(board: BoardConfig, plan: Plan, encoding: UpdateEncoding): void {
  const lacking = excess(board, plan, encoding);
  if (lacking.length > 0)
    throw new FtteError(
      "plan-too-large",
      `${board.id}: the plan's blobs do not fit their flash partitions: ${lacking.join(", ")}; ` +
        "train less, or enlarge flash.partitions in the board's config and build its firmware again",
    );
}
