// The buffer that updates wait in, and the server step that empties it. Computes; assignments.ts commits.

import { FtteError } from "../errors.ts";
import { decodeSlice } from "../plan/slice.ts";
import type { Plan } from "../plan/types.ts";
import { decodeUpdateHeader, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { aggregate, type BufferedUpdate, type Folder, normOf, variances } from "./aggregate.ts";
import { leftOut } from "./filter.ts";
import type { ModelVersion } from "./orders.ts";
import type { StoredTask } from "./run_store.ts";
import type { ServerOptions } from "./server_options.ts";
import type { FleetFacts, Strategy, UpdateFacts } from "./strategy.ts";

export interface ArrivalOptions {
  strategy: Strategy;
  folder: Folder;
  plans: ReadonlyMap<string, Plan>; // by board class
  server?: ServerOptions;
}

/** An update that waits, and what is known of it. */
interface Waiting extends BufferedUpdate {
  task: StoredTask;
  norm: number;
}

/** A server step: the model that it makes, and of what. */
export interface Fold extends ModelVersion {
  /** All of the buffer; `reason` says why an update was left out, with no weight in the model. */
  folded: { board: string; task: number; staleness: number; reason?: string }[];
}

export class Arrivals {
  private buffer: Waiting[] = [];
  private last = 0; // arrivals so far

  constructor(private readonly o: ArrivalOptions) {}

  /** Takes up what arrived in earlier sessions and was not folded. @throws FtteError "config-invalid" when this fleet lacks its plan */
  restore(arrived: readonly StoredTask[]): void {
    this.buffer = arrived.toSorted((a, b) => a.arrival - b.arrival).map((task) => this.waiting(task));
    this.last = this.buffer.at(-1)?.task.arrival ?? 0;
  }

  /** Into the buffer; returns its place in the order of arrivals. */
  add(task: StoredTask): number {
    task.arrival = ++this.last;
    this.buffer.push(this.waiting(task));
    return task.arrival;
  }

  private waiting(task: StoredTask): Waiting {
    const { clipNorm = Number.POSITIVE_INFINITY } = this.o.server ?? {};
    const rows = task.update!.subarray(UpdateHeaderBytes);
    const plan = this.planOf(task.update!);
    const norm = normOf({ plan, rows }, this.o.folder);
    const clip = norm > clipNorm ? clipNorm / norm : 1;
    return { task, plan, rows, base: decodeSlice(task.full), clip, norm };
  }

  /**
   * The step that the strategy makes of the buffer, if any. The buffer stays as it is until `clear`.
   * @throws FtteError "update-invalid" when the new model is not finite
   */
  fold({ version, parameters }: ModelVersion, fleet: FleetFacts): Fold | undefined {
    const { strategy, folder, server } = this.o;
    if (!strategy.ready(factsOf(this.buffer, version), fleet)) return undefined;
    const out = this.leftOut(version, parameters.length);
    const kept = this.buffer.filter((_, i) => !out.has(i));
    const step = strategy.weigh(factsOf(kept, version, variances(kept, parameters.length, folder)));
    const next = aggregate(parameters, kept, step, folder, server?.combine);
    if (!next.every(Number.isFinite))
      throw new FtteError("update-invalid", `folding version ${version + 1} gave numbers that are not finite`);
    const folded = this.buffer.map(({ task: { board, task, baseVersion } }, i) => {
      const reason = out.get(i);
      return { board, task, staleness: version - baseVersion, ...(reason && { reason }) };
    });
    return { version: version + 1, parameters: next, folded };
  }

  /** Why which of the buffer's updates have no weight. */
  private leftOut(version: number, size: number): ReadonlyMap<number, string> {
    const { server, folder } = this.o;
    if (!server?.filter) return new Map();
    const candidates = this.buffer.map(({ plan, rows, norm, task: { baseVersion } }) => {
      return { plan, norm, staleness: version - baseVersion, values: folder.sum(plan, [{ rows, weight: 1 }]) };
    });
    return leftOut(server.filter, candidates, size);
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
}

/** What a strategy is told of updates at a version. */
function factsOf(updates: readonly Waiting[], version: number, variance: readonly number[] = []): UpdateFacts[] {
  return updates.map(({ task: { board, task, baseVersion, update }, norm }, i) => {
    const { samples, steps } = decodeUpdateHeader(update!);
    const staleness = version - baseVersion;
    return { board, task, baseVersion, staleness, samples, steps, norm, variance: variance[i] ?? 0 };
  });
}
