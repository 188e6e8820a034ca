// Updates on their way into the model: which one is next, the buffer that they wait in, and the server step that empties it. Computes;
// coordinator.ts commits.
//
// Deterministic schedule: every order has a seeded virtual duration, and orders end in the order of their virtual completion, whatever the
// real one was: updates, and also orders that came to nothing. The same seed gives the same model, bit for bit, through kills on either side.

import { FtteError } from "../errors.ts";
import type { Plan } from "../plan/types.ts";
import { decodeUpdateHeader, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { aggregate, type Folder, variances } from "./aggregate.ts";
import type { Assignment, ModelVersion } from "./orders.ts";
import type { StoredTask } from "./run_store.ts";
import type { BoardFacts, Strategy, UpdateFacts } from "./strategy.ts";

export interface ArrivalOptions {
  strategy: Strategy;
  folder: Folder;
  plans: ReadonlyMap<string, Plan>; // by board class
  deterministic: boolean;
}

/** A server step: the model that it makes, and of what. */
export interface Fold extends ModelVersion {
  folded: { board: string; task: number; staleness: number }[];
}

const hasEnded = ({ stage }: Assignment) => stage === "received" || stage === "failed";

export class Arrivals {
  private buffer: StoredTask[] = [];
  private last = 0; // arrivals so far
  /** Virtual time: that of the latest order that ended. */
  now = 0;

  constructor(private readonly o: ArrivalOptions) {}

  /** Takes up what arrived in earlier sessions and was not folded. */
  restore(arrived: readonly StoredTask[], now: number): void {
    this.buffer = arrived.toSorted((a, b) => a.arrival - b.arrival);
    this.last = this.buffer.at(-1)?.arrival ?? 0;
    this.now = now;
  }

  /** The order that ends next: any that has ended, or, with the deterministic schedule, the first in virtual time if it has. */
  next(flying: Iterable<Assignment>): Assignment | undefined {
    const all = [...flying];
    if (!this.o.deterministic) return all.find(hasEnded);
    const first = all.toSorted(({ task: a }, { task: b }) => a.finish - b.finish || (a.board < b.board ? -1 : 1))[0];
    return first && hasEnded(first) ? first : undefined;
  }

  /** Its virtual time has come. */
  pass(task: StoredTask): void {
    this.now = Math.max(this.now, task.finish);
  }

  /** Into the buffer; returns its place in the order of arrivals. */
  add(task: StoredTask): number {
    task.arrival = ++this.last;
    this.buffer.push(task);
    return task.arrival;
  }

  /**
   * The step that the strategy makes of the buffer, if any. The buffer stays as it is until `clear`.
   * @throws FtteError "update-invalid" when the new model is not finite
   */
  fold({ version, parameters }: ModelVersion, boards: readonly BoardFacts[]): Fold | undefined {
    const { strategy, folder } = this.o;
    if (!strategy.ready(this.facts(version), boards, version)) return undefined;
    const updates = this.buffer.map(({ update }) => ({
      plan: this.planOf(update!),
      rows: update!.subarray(UpdateHeaderBytes),
    }));
    const step = strategy.weigh(this.facts(version, variances(updates, parameters.length, folder)));
    const next = aggregate(parameters, updates, step, folder);
    if (!next.every(Number.isFinite))
      throw new FtteError("update-invalid", `folding version ${version + 1} gave numbers that are not finite`);
    const folded = this.buffer.map((t) => ({ board: t.board, task: t.task, staleness: version - t.baseVersion }));
    return { version: version + 1, parameters: next, folded };
  }

  clear(): void {
    this.buffer = [];
  }

  /** By its checksum, which was validated: the board may no longer be part of the fleet. */
  private planOf(update: Uint8Array): Plan {
    const { planCrc } = decodeUpdateHeader(update);
    for (const plan of this.o.plans.values()) if (plan.planCrc === planCrc) return plan;
    throw new FtteError("config-invalid", `an update that waits was made by plan ${planCrc}, which this fleet lacks`);
  }

  private facts(version: number, variance: readonly number[] = []): UpdateFacts[] {
    return this.buffer.map(({ board, task, baseVersion, update }, i) => {
      const { samples, steps } = decodeUpdateHeader(update!);
      const staleness = version - baseVersion;
      return { board, task, baseVersion, staleness, samples, steps, variance: variance[i] ?? 0 };
    });
  }
}
