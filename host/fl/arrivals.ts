// The buffer that updates wait in, and the server step that empties it. Computes; assignments.ts commits.

import { FtteError } from "../errors.ts";
import { decodeSlice } from "../plan/slice.ts";
import type { Plan } from "../plan/types.ts";
import { decodeUpdateHeader, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { aggregate, type Folder, variances } from "./aggregate.ts";
import type { ModelVersion } from "./orders.ts";
import type { StoredTask } from "./run_store.ts";
import type { FleetFacts, Strategy, UpdateFacts } from "./strategy.ts";

export interface ArrivalOptions {
  strategy: Strategy;
  folder: Folder;
  plans: ReadonlyMap<string, Plan>; // by board class
}

/** A server step: the model that it makes, and of what. */
export interface Fold extends ModelVersion {
  folded: { board: string; task: number; staleness: number }[];
}

export class Arrivals {
  private buffer: StoredTask[] = [];
  private last = 0; // arrivals so far

  constructor(private readonly o: ArrivalOptions) {}

  /** Takes up what arrived in earlier sessions and was not folded. */
  restore(arrived: readonly StoredTask[]): void {
    this.buffer = arrived.toSorted((a, b) => a.arrival - b.arrival);
    this.last = this.buffer.at(-1)?.arrival ?? 0;
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
  fold({ version, parameters }: ModelVersion, fleet: FleetFacts): Fold | undefined {
    const { strategy, folder } = this.o;
    if (!strategy.ready(this.facts(version), fleet)) return undefined;
    const updates = this.buffer.map(({ update, full }) => ({
      plan: this.planOf(update!),
      rows: update!.subarray(UpdateHeaderBytes),
      base: decodeSlice(full),
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
