// What all ways of flashing a board have in common: a job in, a report out. Methods (methods.ts) open and close their own device, a serial
// port, a drive or a probe; building the firmware and asking it for its hello afterwards is `ftte flash`'s work.

import type { BoardConfig } from "../boards/config.ts";

/** Bytes at an absolute address of flash. */
export interface Segment {
  address: number;
  bytes: Uint8Array;
}

export type FlashStage = "connecting" | "erasing" | "writing" | "verifying" | "restarting";

export interface FlashJob {
  board: BoardConfig;
  /** For messages. */
  name: string;
  /** A serial port, a drive's folder or a probe's serial number: what the method takes. */
  address: string;
  /** Ascending, not overlapping. */
  segments: readonly Segment[];
  /** May lift read-out protection, which erases everything. */
  recover: boolean;
  /** Also reads back what was written, where the method by itself compares hashes. */
  verify?: boolean | undefined;
  /** Bytes of the stage; `total` is 0 in stages that cannot tell. */
  onProgress: (stage: FlashStage, done: number, total: number) => void;
  signal?: AbortSignal | undefined;
}

export interface FlashReport {
  /** Of firmware, as it lies in flash. */
  bytes: number;
  /** By what the method itself knows that they are there. */
  verified: "read-back" | "hash" | "bootloader";
}

/**
 * Writes the segments and starts the new firmware.
 * @throws FtteError "flash-failed", whose message says what state the board is in now and what to do next; "flash-verify" when flash holds
 *   something else than was written; "flash-protected"; "flash-method" when a tool, drive or probe is missing; "board-wrong" for another
 *   chip, before anything is erased; "port-absent", "port-busy" or "port-forbidden"; "interrupted"
 */
export type FlashMethod = (job: FlashJob) => Promise<FlashReport>;
