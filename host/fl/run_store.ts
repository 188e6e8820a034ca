// What the coordinator needs to be durable, as a contract; host/store implements it on SQLite. Every method commits before it returns
// (or resolves), and commits whole or not at all.

import type { EarlierUpdate } from "./strategy.ts";

export interface StoredBoard {
  id: string;
  /** The slice that the board holds after its newest order, exactly; undefined before the first one. */
  held?: { version: number; values: Float32Array };
  tasks: number; // orders so far
  frozenVersion: number; // model version of the frozen image of its newest order
  lastVersion: number; // version that its last accepted update started from, -1 for none
}

export interface StoredTask {
  board: string;
  task: number;
  baseVersion: number;
  frozenVersion: number;
  seed: number;
  finish: number; // virtual completion time, for the deterministic schedule
  full: Uint8Array; // the slice as sent whole
  delta?: { baseVersion: number; baseCrc: number; bytes: Uint8Array };
  /** sent: the board works on it; received: its update is durable; arrived: it is in the buffer; folded and rejected: done. */
  state: "sent" | "received" | "arrived" | "folded" | "rejected";
  arrival: number; // order of arrival in the buffer, 0 before
  update?: Uint8Array;
  reason?: string;
}

/** What the end of an order changes: all of it, or nothing, is committed. */
export interface Arrival {
  task: { board: string; task: number; state: "arrived" | "rejected"; arrival: number; reason?: string };
  fold?: {
    version: number;
    parameters: Float32Array;
    folded: { board: string; task: number; reason?: string }[];
    seconds: number;
  };
  orders: { task: StoredTask; held: Float32Array }[];
  duplicates: number; // repeated updates since the last commit
}

/** An order as a board's turns are counted by. */
export interface EndedOrder {
  board: string;
  /** τ of its update when it arrived; undefined when it came to nothing. */
  staleness: number | undefined;
}

/** What became of updates. */
export interface Counts {
  folded: number;
  leftOut: number; // of the folded ones
  rejected: number;
  duplicates: number;
}

export interface RunStore {
  readonly run: number;
  boards(): StoredBoard[];
  tasks(): StoredTask[]; // those not yet folded or rejected; of each board in their order
  /** All orders that ended since the run began, of each board in their order. */
  endedOrders(): Iterable<EndedOrder>;
  /** Of each board, the newest update that had weight in a model. */
  lastFolded(): { board: string; update: Uint8Array }[];
  /** The latest updates that had weight in a model, in the order in which they came; `count` at most. */
  latestWeighed(count: number): EarlierUpdate[];
  /** The latest virtual completion among the orders that ended; 0 before the first. */
  virtualTime(): number;
  model(version?: number): { version: number; parameters: Float32Array } | undefined; // the newest when left out
  /** True when this update is durable: waiting, in the buffer or folded. */
  holds(board: string, task: number): boolean;
  /** Since the run began; left out are those folded updates that had no weight, for a reason. */
  counts(): Counts;
  /** Makes an update durable. Resolves after the commit, with false when this (board, task) was there already. */
  putUpdate(board: string, task: number, bytes: Uint8Array): Promise<boolean>;
  /**
   * An update enters the buffer at most once, and only when it is durable; it is folded at most once, and only from the buffer.
   * @throws FtteError "store-corrupt" when the change would break this; nothing of it is committed then
   */
  commit(arrival: Partial<Arrival>): void;
  putModel(version: number, parameters: Float32Array, seconds: number): void;
  putEvaluation(version: number, seconds: number, metrics: { accuracy: number; loss: number }): void;
}
