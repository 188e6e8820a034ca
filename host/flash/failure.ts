// What every method says when it fails: what happened, which state the board is in now, and what to do next.

import { FtteError, type HostErrorName } from "../errors.ts";
import type { FlashJob } from "./method.ts";

export interface Failure {
  code?: Extract<
    HostErrorName,
    "flash-failed" | "flash-verify" | "flash-protected" | "flash-method" | "board-wrong" | "interrupted"
  >;
  /** What happened. */
  what: string;
  /** Completes "the board …": "is erased and in its bootloader". */
  state: string;
  /** The next step, as an imperative. */
  next: string;
  cause?: unknown;
}

/** An FtteError, "flash-failed" if not said otherwise. */
export function flashFailure(job: Pick<FlashJob, "name">, failure: Failure): FtteError {
  const text = `${job.name}: ${failure.what}; the board ${failure.state}; ${failure.next}`;
  return new FtteError(failure.code ?? "flash-failed", text, { cause: failure.cause });
}

/** An nRF52 that answers no debugger, and may not be erased without being asked. */
export const approtectFailure = (job: Pick<FlashJob, "name">, state: string): FtteError =>
  flashFailure(job, {
    code: "flash-protected",
    what: "the chip is protected against reading (APPROTECT)",
    state,
    next: "to lift that, flash it with --recover, which erases everything: firmware, samples, updates not yet sent, and UICR (pin reset, supply voltage, bootloader address)",
  });
