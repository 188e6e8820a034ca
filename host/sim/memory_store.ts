// A run's store that lives and dies with the process: no disk, nothing to resume. Keeps what a simulation is asked about afterwards: when, in
// virtual time, each version was made, of what, and what the links had carried until then.

import type { Arrival, RunStore, StoredTask } from "../fl/run_store.ts";

/** A server version as it was made. */
export interface MadeVersion {
  version: number;
  seconds: number; // of virtual time
  folded: number; // updates so far
  rejected: number;
  parameters: Float32Array;
}

export class MemoryStore implements RunStore {
  readonly run = 1;
  /** Of every folded update. */
  readonly staleness: number[] = [];
  private readonly models = new Map<number, Float32Array>();
  private newest = 0;
  private readonly sent = new Map<string, StoredTask>(); // by board: its order that has not ended
  private readonly bases: number[] = []; // base versions of the updates in the buffer, in their order
  private seconds = 0;
  private folded = 0;
  private rejected = 0;

  /**
   * @param made called with each version
   * @param ended called when an update arrives or comes to nothing
   */
  constructor(
    private readonly made: (version: MadeVersion) => void,
    private readonly ended: (task: StoredTask, state: "arrived" | "rejected") => void,
    private readonly keepVersions = 512,
  ) {}

  boards(): [] {
    return [];
  }
  tasks(): [] {
    return [];
  }
  endedOrders(): [] {
    return [];
  }
  lastFolded(): [] {
    return [];
  }
  latestWeighed(): [] {
    return [];
  }
  virtualTime(): number {
    return 0;
  }
  model(version = this.newest) {
    const parameters = this.models.get(version);
    return parameters && { version, parameters };
  }
  holds(): boolean {
    return true;
  }
  counts() {
    return { folded: 0, leftOut: 0, rejected: 0, duplicates: 0 };
  }
  async putUpdate(): Promise<boolean> {
    return true;
  }
  putEvaluation(): void {}

  putModel(version: number, parameters: Float32Array): void {
    this.models.set(version, parameters);
    this.newest = Math.max(this.newest, version);
    this.models.delete(version - this.keepVersions); // but never the first one, which frozen images are made of
  }

  commit({ task, fold, orders = [] }: Partial<Arrival>): void {
    if (task) this.end(task);
    if (fold) this.keep(fold);
    for (const order of orders) this.sent.set(order.task.board, order.task);
  }

  private end({ board, state }: Arrival["task"]): void {
    const sent = this.sent.get(board)!;
    this.sent.delete(board);
    if (state === "rejected") this.rejected++;
    else {
      this.seconds = Math.max(this.seconds, sent.finish);
      this.bases.push(sent.baseVersion);
    }
    this.ended(sent, state);
  }

  private keep({ version, parameters, folded }: NonNullable<Arrival["fold"]>): void {
    for (const base of this.bases.splice(0, folded.length)) this.staleness.push(version - 1 - base);
    this.folded += folded.length;
    this.putModel(version, parameters);
    const { seconds, rejected } = this;
    this.made({ version, seconds, folded: this.folded, rejected, parameters });
  }
}
