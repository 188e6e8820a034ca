// The message contract between the fleet (who talks to boards) and the coordinator (who aggregates). In process today; nothing in
// it prevents carrying the same messages over a network.

import type { UpdateEncoding } from "../plan/update_rows.ts";
import type { Hello, Progress, Stats } from "../wire/spec.gen.ts";

/**
 * A blob that the board must hold before the task starts; sent only if its CRC differs from what the board reports. Kernels are not sent
 * to boards whose firmware contains them.
 */
export interface RequiredBlob {
  kind: "kernels" | "plan" | "frozen";
  bytes: Uint8Array;
  crc: number;
}

/**
 * The model slice that the task starts from. `delta` is used when the board holds `baseVersion` with `baseCrc`, or whatever it holds when
 * the base is zeros (`zeroVersion` of the spec); else `full`.
 */
export interface SlicePayload {
  version: number;
  crc: number; // of the slice's f32 bytes on the board afterwards
  full: Uint8Array; // SliceHeader + f32
  delta?: { baseVersion: number; baseCrc: number; bytes: Uint8Array }; // DeltaHeader and rows
}

export interface Order {
  run: number;
  board: string; // chip id in hexadecimal
  task: number; // unique for (run, board), from 1
  required: RequiredBlob[];
  slice: SlicePayload;
  steps: number;
  learningRate: number;
  seed: number;
  checkpointEvery: number;
  /** Of the update. */
  encoding: UpdateEncoding;
}

export type FleetEvent =
  | { type: "online"; board: string; hello: Hello; address: string }
  | { type: "offline"; board: string; reason: string }
  | { type: "progress"; board: string; progress: Progress; bytesPerSecond: number }
  | { type: "phase"; board: string; phase: "sending" | "training" | "reporting" | "idle" }
  /** An update has arrived whole. The board keeps it until `acknowledge`; the same one may arrive again. */
  | { type: "update"; board: string; task: number; bytes: Uint8Array }
  | { type: "refused"; board: string; task: number; code: number; reason: string }
  | { type: "stats"; board: string; stats: Stats }
  | { type: "error"; board: string; message: string };

export interface BoardTraffic {
  up: number; // every byte, framing and retransmissions included
  down: number;
}

export interface Fleet {
  /** Starts talking; events flow until close, one at a time and never from within a call to this fleet. */
  open(listener: (event: FleetEvent) => void): Promise<void>;
  /** Accepts the order and works on it until its update arrived, through disconnects and resets; at most one per board. */
  dispatch(order: Order): void;
  /** Tells the board that its update is durable (or rejected) and can be forgotten. Retried until the board heard it. */
  acknowledge(board: string, task: number, verdict: "accepted" | "rejected"): void;
  /** Gives up the board's order, if it has one. */
  abandon(board: string): void;
  stats(board: string): Promise<Stats>;
  traffic(): ReadonlyMap<string, BoardTraffic>;
  close(): Promise<void>;
}
