// A run without links, clocks or disks: the product's coordinator, strategies, validation, encoding and kernels, over boards that are function
// calls and a schedule that says when they are done. The same seed and schedule give the same models as real firmware would, bit for bit
// (tests/system/simulated_fleet.test.ts), and the same whatever trains the boards and on how many cores.

import { Average } from "../fl/averaging.ts";
import { Coordinator, type CoordinatorOptions } from "../fl/coordinator.ts";
import type { Schedule } from "../fl/schedule.ts";
import type { Plan } from "../plan/types.ts";
import { framedBytes } from "../wire/frame.ts";
import type { BoardUpdate } from "./board_task.ts";
import { SimulatedFleet } from "./fleet.ts";
import { type MadeVersion, MemoryStore } from "./memory_store.ts";
import type { Job, TrainedBoard } from "./trainer.ts";

export interface SimulatedBoard extends TrainedBoard {
  id: string;
  class: string;
  speed: number; // share of full speed
}

/** A version that was measured. */
export interface Point {
  version: number;
  seconds: number; // of virtual time
  folded: number; // updates so far
  bytes: { up: number; down: number };
  accuracy: number;
  loss: number;
}

type Given =
  | "strategy"
  | "server"
  | "folder"
  | "normalisation"
  | "training"
  | "seed"
  | "refreshFrozenEvery"
  | "normLimit";

export interface Simulation extends Pick<CoordinatorOptions, Given> {
  boards: readonly SimulatedBoard[];
  firstModel: Float32Array;
  schedule: Schedule;
  /** Carries out a board's task: a Trainer's, or a TrainerPool's. */
  train: (job: Job) => BoardUpdate | Promise<BoardUpdate>;
  /** The run ends with the first version at which one of these is reached. */
  stop: { updates?: number; versions?: number; seconds?: number; accuracy?: number };
  /** Measured are the first model, the first version after every so many updates, and the last one. */
  evaluateEvery: number;
  evaluate: (parameters: Float32Array, version: number) => { accuracy: number; loss: number };
  onPoint?: (point: Point) => void;
  /** Called with every version, measured or not. */
  onVersion?: (made: Pick<Point, "version" | "seconds" | "folded">) => void;
  signal?: AbortSignal;
}

export interface SimulatedRun {
  curve: Point[];
  parameters: Float32Array; // of the last version, or their average as of it
  versions: number;
  folded: number;
  rejected: number;
  seconds: number; // of virtual time, at the last version
  bytes: { up: number; down: number };
  meanStaleness: number;
}

/** Rejects with what a board's task, an evaluation or the coordinator fails with. */
export async function simulate(o: Simulation): Promise<SimulatedRun> {
  const end = new AbortController();
  o.signal?.addEventListener("abort", () => end.abort());
  if (o.signal?.aborted) end.abort();
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const fleet = simulatedFleet(o, fail);
  const record = new Recorder(o, fleet, () => end.abort());
  const store = new MemoryStore(
    (version) => record.made(version),
    ({ board, update }, state) => {
      if (state === "arrived") fleet.count(board, "up", framedBytes(update!.length));
    },
  );
  store.putModel(0, o.firstModel);
  record.begin(store);
  await Promise.race([coordinator(o, store, fleet).run(end.signal), failure]);
  return record.outcome(store);
}

function simulatedFleet({ boards, schedule, train }: Simulation, failed: (error: unknown) => void): SimulatedFleet {
  const isLost = (index: number, task: number) => schedule.isLost({ board: boards[index]!.id, index, task });
  const isEmpty = (index: number) => boards[index]!.labels.length === 0;
  return new SimulatedFleet({ boards, train, isLost, isEmpty, failed });
}

/** Measures versions as they are made, and ends the run. */
class Recorder {
  private readonly curve: Point[] = [];
  private readonly average: Average;
  private last: MadeVersion;

  constructor(
    private readonly o: Simulation,
    private readonly fleet: SimulatedFleet,
    private readonly end: () => void,
  ) {
    this.average = new Average(o.server?.averaging);
    this.last = { version: 0, seconds: 0, folded: 0, rejected: 0, parameters: o.firstModel };
  }

  begin(store: MemoryStore): void {
    this.average.restore(store);
    this.measure();
  }

  made(version: MadeVersion): void {
    const { evaluateEvery, stop } = this.o;
    const isDue = Math.floor(version.folded / evaluateEvery) > Math.floor(this.last.folded / evaluateEvery);
    this.last = version;
    this.average.add(version);
    if (isDue) this.measure();
    this.o.onVersion?.({ version: version.version, seconds: version.seconds, folded: version.folded });
    if (isOver(stop, version, isDue ? this.curve.at(-1) : undefined)) this.end();
  }

  private measure(): void {
    const { version, seconds, folded } = this.last;
    const measured = this.o.evaluate(this.average.model.parameters, version);
    const point = { version, seconds, folded, bytes: { ...this.fleet.total }, ...measured };
    this.curve.push(point);
    this.o.onPoint?.(point);
  }

  outcome({ staleness }: MemoryStore): SimulatedRun {
    if (this.curve.at(-1)!.version !== this.last.version) this.measure();
    const { version: versions, folded, rejected, seconds } = this.last;
    const meanStaleness = staleness.reduce((a, b) => a + b, 0) / Math.max(1, staleness.length);
    const { parameters } = this.average.model;
    const bytes = { ...this.fleet.total };
    return { curve: this.curve, parameters, versions, folded, rejected, seconds, bytes, meanStaleness };
  }
}

function isOver(stop: Simulation["stop"], { version, seconds, folded }: MadeVersion, measured?: Point): boolean {
  const reached = (value: number | undefined, limit: number | undefined) =>
    limit !== undefined && value !== undefined && value >= limit;
  return (
    reached(folded, stop.updates) ||
    reached(version, stop.versions) ||
    reached(seconds, stop.seconds) ||
    reached(measured?.accuracy, stop.accuracy)
  );
}

function coordinator(o: Simulation, store: MemoryStore, fleet: SimulatedFleet): Coordinator {
  const { strategy, server, folder, normalisation, training, seed, refreshFrozenEvery, normLimit, schedule } = o;
  return new Coordinator({
    ...(server && { server }),
    ...{ strategy, folder, normalisation, training, seed, refreshFrozenEvery, normLimit, schedule },
    ...{ run: store.run, store, fleet },
    boards: o.boards,
    plans: plansOf(o.boards),
    kernels: new Uint8Array(), // the trainer has its own
    stop: {},
    lostAfterSeconds: Number.POSITIVE_INFINITY, // what cannot be reached, the schedule says
    clock: () => 0,
    evaluate: async () => ({ accuracy: 0, loss: 0 }), // versions are measured as they are made, none left out
    listener: () => {},
  });
}

function plansOf(boards: readonly SimulatedBoard[]): Map<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const { class: label, plan } of boards) plans.set(label, plan);
  return plans;
}
