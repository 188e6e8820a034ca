// The blobs that a plan makes of a board's flash: what is sent to it and what it keeps itself.

import { DeltaHeaderBytes, decodePlanHeader, SliceHeaderBytes, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { rowsBytes } from "./slice.ts";
import type { Plan } from "./types.ts";

/** Of a checkpoint and of a residual (firmware/core/session/state.h), before their values. */
const checkpointHeaderBytes = 56;
const residualHeaderBytes = 16;

/** Bytes of each blob, whole. */
export function blobBytes(plan: Plan): Record<BlobName, number> {
  const values = plan.sliceCount * 4;
  return {
    plan: plan.binary.length,
    frozen: plan.frozenBytes,
    slice: SliceHeaderBytes + values,
    delta: DeltaHeaderBytes + rowsBytes(plan),
    update: UpdateHeaderBytes + rowsBytes(plan),
    checkpoint: checkpointHeaderBytes + decodePlanHeader(plan.binary).stateBytes,
    residual: residualHeaderBytes + values,
  };
}
export type BlobName = "plan" | "frozen" | "slice" | "delta" | "update" | "checkpoint" | "residual";
