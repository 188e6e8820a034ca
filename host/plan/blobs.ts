// The blobs that a plan makes of a board's flash: what is sent to it and what it keeps itself.

import { framedBytes } from "../wire/frame.ts";
import { DeltaHeaderBytes, decodePlanHeader, SliceHeaderBytes, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import type { Plan } from "./types.ts";
import { elementsOf, type UpdateEncoding, updateRowsBytes } from "./update_rows.ts";

/** Of a checkpoint and of a residual (firmware/core/session/state.h), before their values. */
const checkpointHeaderBytes = 56;
const residualHeaderBytes = 16;

/** Bytes of each blob, whole, in a run with updates of this encoding; 0 for what f32 never makes: deltas and residuals. */
export function blobBytes(plan: Plan, encoding: UpdateEncoding): Record<BlobName, number> {
  const values = plan.sliceCount * 4;
  return {
    plan: plan.binary.length,
    frozen: plan.frozenBytes,
    slice: SliceHeaderBytes + values,
    delta: encoding === "f32" ? 0 : DeltaHeaderBytes + updateRowsBytes(plan, elementsOf(encoding)),
    update: UpdateHeaderBytes + updateRowsBytes(plan, encoding),
    checkpoint: checkpointHeaderBytes + decodePlanHeader(plan.binary).stateBytes,
    residual: encoding === "f32" ? 0 : residualHeaderBytes + values,
  };
}
export type BlobName = "plan" | "frozen" | "slice" | "delta" | "update" | "checkpoint" | "residual";

/** Bytes of a round after a board's first one, framing included: the slice's change, or with f32 the slice, and the update. */
export function bytesPerRound(plan: Plan, encoding: UpdateEncoding): { down: number; up: number } {
  const { delta, slice, update } = blobBytes(plan, encoding);
  return { down: framedBytes(delta || slice), up: framedBytes(update) };
}
