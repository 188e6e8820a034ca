// The buffer that updates wait in, and the server step that empties it. Computes; assignments.ts commits.

import { FtteError } from "../errors.ts";
import { decodeSlice } from "../plan/slice.ts";
import type { Plan } from "../plan/types.ts";
import { foldedRows } from "../plan/update_rows.ts";
import { decodeUpdateHeader } from "../wire/spec.gen.ts";
import { aggregate, type BufferedUpdate, boardsCovering, type Folder, normOf, variances } from "./aggregate.ts";
import { calibratedStep, UpdateCache } from "./calibration.ts";
import { leftOut } from "./filter.ts";
import type { BoardSetup, ModelVersion } from "./orders.ts";
import type { RunStore, StoredTask } from "./run_store.ts";
import type { ServerOptions } from "./server_options.ts";
import {
  type EarlierUpdate,
  type FleetFacts,
  remembered,
  type Step,
  type Strategy,
  type UpdateFacts,
} from "./strategy.ts";

export interface ArrivalOptions {
  strategy: Strategy;
  folder: Folder;
  boards: readonly BoardSetup[];
  plans: ReadonlyMap<string, Plan>; // by board class
  server?: ServerOptions;
}

/** An update that waits, and what is known of it. */
interface Waiting extends BufferedUpdate {
  task: StoredTask;
  board: string;
  norm: number;
  samples: number;
  steps: number;
}

/** A server step: the model that it makes, and of what. */
export interface Fold extends ModelVersion {
  /** All of the buffer; `reason` says why an update was left out, with no weight in the model. */
  folded: { board: string; task: number; staleness: number; reason?: string }[];
}

export class Arrivals {
  private buffer: Waiting[] = [];
  private facts: UpdateFacts[] = []; // of the buffer's first ones
  private kept: readonly Waiting[] = []; // of the buffer, what the last fold was made of
  private earlier: EarlierUpdate[] = []; // the latest updates before the buffer's that had weight, `remembered` at most
  private last = 0; // arrivals so far
  private readonly cache: UpdateCache;
  private coverage: Float32Array | undefined; // once a step has asked for it

  constructor(private readonly o: ArrivalOptions) {
    const fleet = new Map<string, Plan>();
    const served = o.strategy.calibrated ? o.boards : [];
    for (const { id, class: name } of served) if (o.plans.has(name)) fleet.set(id, o.plans.get(name)!);
    this.cache = new UpdateCache(fleet);
  }

  /**
   * Takes up what arrived in earlier sessions and was not folded, what is remembered of what was, and for steps that are calibrated the boards' last folded
   * updates.
   * @throws FtteError "config-invalid" when this fleet lacks a plan of theirs
   */
  restore(arrived: readonly StoredTask[], store: Pick<RunStore, "lastFolded" | "latestWeighed">): void {
    this.earlier = store.latestWeighed(remembered);
    const folded = this.o.strategy.calibrated ? store.lastFolded() : [];
    for (const { board, update } of folded) if (this.cache.serves(board)) this.cache.keep(board, this.measured(update));
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
    return { task, board: task.board, base: decodeSlice(task.full), ...this.measured(task.update!) };
  }

  private measured(update: Uint8Array) {
    const { clipNorm = Number.POSITIVE_INFINITY } = this.o.server ?? {};
    const { planCrc, samples, steps } = decodeUpdateHeader(update);
    const plan = this.planOf(planCrc);
    const rows = foldedRows(plan, update);
    const norm = normOf({ plan, rows }, this.o.folder);
    return { plan, rows, norm, clip: norm > clipNorm ? clipNorm / norm : 1, samples, steps };
  }

  /**
   * The step that the strategy makes of the buffer, if any. The buffer stays as it is until `clear`.
   * @throws FtteError "update-invalid" when the new model is not finite
   */
  fold({ version, parameters }: ModelVersion, fleet: FleetFacts): Fold | undefined {
    const { strategy, folder, server } = this.o;
    if (!strategy.ready(this.factsAt(version), fleet)) return undefined;
    const out = this.leftOut(version, parameters.length);
    const kept = this.buffer.filter((_, i) => !out.has(i));
    const spread = lazy(() => variances(kept, parameters.length, folder));
    const facts = kept.map((update, i) => factsOf(update, version, () => spread()[i]!));
    const step = strategy.weigh(facts, this.earlier);
    const next = strategy.calibrated
      ? calibratedStep(parameters, kept, this.cache, step, folder)
      : aggregate(parameters, kept, step, folder, server?.combine, this.coverageFor(step, parameters.length));
    this.kept = kept;
    if (!next.every(Number.isFinite))
      throw new FtteError("update-invalid", `folding version ${version + 1} gave numbers that are not finite`);
    const folded = this.buffer.map(({ task: { board, task, baseVersion } }, i) => {
      const reason = out.get(i);
      return { board, task, staleness: version - baseVersion, ...(reason && { reason }) };
    });
    return { version: version + 1, parameters: next, folded };
  }

  /** Of the buffer. The version stays as it is while something waits, so that each update is looked at once. */
  private factsAt(version: number): readonly UpdateFacts[] {
    for (const update of this.buffer.slice(this.facts.length)) this.facts.push(factsOf(update, version, () => 0));
    return this.facts;
  }

  /** Of each coordinate, by the fleet as it is. */
  private coverageFor({ leastCoverage }: Step, size: number): Float32Array | undefined {
    if (leastCoverage === undefined) return undefined;
    if (this.coverage) return this.coverage;
    const plans = this.o.boards.flatMap(({ class: name }) => this.o.plans.get(name) ?? []);
    this.coverage = boardsCovering(size, plans).map((boards) => boards / plans.length);
    return this.coverage;
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

  /** Empties it after a fold, whose updates are then their boards' last ones. */
  clear({ folded }: Fold): void {
    const weighed = folded.filter(({ reason }) => !reason).map(({ board, staleness }) => ({ board, staleness }));
    this.earlier = [...this.earlier, ...weighed].slice(-remembered);
    if (this.o.strategy.calibrated) for (const update of this.kept) this.cache.keep(update.board, update);
    this.buffer = [];
    this.facts = [];
    this.kept = [];
  }

  /** By its checksum, which was validated: the board may no longer be part of the fleet. */
  private planOf(planCrc: number): Plan {
    for (const plan of this.o.plans.values()) if (plan.planCrc === planCrc) return plan;
    throw new FtteError("config-invalid", `an update that waits was made by plan ${planCrc}, which this fleet lacks`);
  }
}

/**
 * What a strategy is told of an update at a version.
 * @param variance costs as much as a fold, of all updates: it is computed when it is looked at
 */
function factsOf(update: Waiting, version: number, variance: () => number): UpdateFacts {
  const { task, norm, samples, steps } = update;
  return {
    board: task.board,
    task: task.task,
    baseVersion: task.baseVersion,
    staleness: version - task.baseVersion,
    samples,
    steps,
    norm,
    get variance() {
      return variance();
    },
  };
}

function lazy<T>(compute: () => T): () => T {
  let known: T | undefined;
  return () => {
    known ??= compute();
    return known;
  };
}
