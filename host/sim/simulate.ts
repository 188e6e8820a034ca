// A run without links, clocks or disks: the product's coordinator, strategies, validation, encoding and kernels, over boards that are function
// calls and a schedule that says when they are done. The same seed and schedule give the same models as real firmware would, bit for bit
// (tests/system/simulated_fleet.test.ts), and the same whatever trains the boards and on how many cores.

import { Average } from "../fl/averaging.ts";
import { Coordinator, type CoordinatorOptions } from "../fl/coordinator.ts";
import type { Schedule } from "../fl/schedule.ts";
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
  evaluate: (parameters: Float32Array) => { accuracy: number; loss: number };
  onPoint?: (point: Point) => void;
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

export async function simulate(o: Simulation): Promise<SimulatedRun> {
  const end = new AbortController();
  o.signal?.addEventListener("abort", () => end.abort());
  if (o.signal?.aborted) end.abort();
  const curve: Point[] = [];
  const boards = new Map(o.boards.map((board) => [board.id, board]));
  const ids = o.boards.map(({ id }) => id);
  const isLost = (index: number, task: number) => o.schedule.isLost({ board: ids[index]!, index, task });
  const isEmpty = (index: number) => o.boards[index]!.labels.length === 0;
  const fleet = new SimulatedFleet({ boards: ids, train: o.train, isLost, isEmpty });
  let last: MadeVersion = { version: 0, seconds: 0, folded: 0, rejected: 0, parameters: o.firstModel };
  const average = new Average(o.server?.averaging);
  const measure = () => {
    const { version, seconds, folded } = last;
    curve.push({ version, seconds, folded, bytes: { ...fleet.total }, ...o.evaluate(average.model.parameters) });
    o.onPoint?.(curve.at(-1)!);
  };
  const made = (version: MadeVersion) => {
    const isDue = Math.floor(version.folded / o.evaluateEvery) > Math.floor(last.folded / o.evaluateEvery);
    last = version;
    average.add(version);
    if (isDue) measure();
    if (isOver(o.stop, last, isDue ? curve.at(-1) : undefined)) end.abort();
  };
  const store = new MemoryStore(made, ({ board, update }, state) => {
    if (state === "arrived") fleet.count(board, "up", framedBytes(update!.length));
  });
  store.putModel(0, o.firstModel);
  average.restore(store);
  measure();
  await coordinator(o, store, fleet, boards).run(end.signal);
  if (curve.at(-1)!.version !== last.version) measure();
  const { version: versions, folded, rejected, seconds } = last;
  const { parameters } = average.model;
  const meanStaleness = store.staleness.reduce((a, b) => a + b, 0) / Math.max(1, store.staleness.length);
  return { curve, parameters, versions, folded, rejected, seconds, bytes: { ...fleet.total }, meanStaleness };
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

function coordinator(
  o: Simulation,
  store: MemoryStore,
  fleet: SimulatedFleet,
  boards: ReadonlyMap<string, SimulatedBoard>,
): Coordinator {
  const { strategy, server, folder, normalisation, training, seed, refreshFrozenEvery, normLimit, schedule } = o;
  return new Coordinator({
    ...(server && { server }),
    ...{ strategy, folder, normalisation, training, seed, refreshFrozenEvery, normLimit, schedule },
    ...{ run: store.run, store, fleet },
    boards: [...boards.values()].map(({ id, speed, class: label }) => ({ id, name: id, class: label, speed })),
    plans: new Map([...boards.values()].map((board) => [board.class, board.plan])),
    kernels: new Uint8Array(), // the trainer has its own
    stop: {},
    clock: () => 0,
    evaluate: async () => ({ accuracy: 0, loss: 0 }), // versions are measured as they are made, none left out
    listener: () => {},
  });
}
