// A config's run in virtual time: the same data, shards, plans, first model, strategy and schedule as `ftte train --deterministic`, with boards
// that are function calls. Prints nothing; keeps nothing but what a journal is given.

import { packElements, subset } from "../data/dataset.ts";
import type { Dataset } from "../data/types.ts";
import type { Folder } from "../fl/aggregate.ts";
import type { BoardUpdate } from "../sim/board_task.ts";
import { type Metrics, ModelEvaluator } from "../sim/evaluate.ts";
import { type Point, type SimulatedBoard, type SimulatedRun, type Simulation, simulate } from "../sim/simulate.ts";
import { type Recording, traceSchedule } from "../sim/trace.ts";
import { type TrainedBoard, Trainer } from "../sim/trainer.ts";
import { TrainerPool } from "../sim/trainer_pool.ts";
import type { Journal } from "../store/journal.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import { journalledEvaluation, journalledTraining } from "./journalled.ts";
import { scheduleOf, withStragglers } from "./population.ts";
import {
  dealData,
  encodingOf,
  type FleetPart,
  firstModel,
  loadRunData,
  modelOf,
  normLimit,
  planFleet,
  type RunData,
  trainingOf,
  virtualCount,
  virtualName,
} from "./setup.ts";
import { serverOf, strategyOf } from "./strategies.ts";

/** What runs of one seed share, whatever their fleets and strategies. */
export interface SimulatedStart {
  data: RunData;
  firstModel: Float32Array;
}

/** What runs of one seed share, whatever their strategies. */
export interface SimulatedWorld extends SimulatedStart {
  /** What each board records. */
  shards: Dataset[];
}

/** @param kernels bytes of kernels.twin.wasm @throws FtteError as loadRunData */
export function simulatedStart(config: ResolvedConfig, projectFolder: string, kernels: Uint8Array): SimulatedStart {
  const data = loadRunData(config, projectFolder);
  return { data, firstModel: firstModel(config, data, kernels) };
}

export function simulatedWorld(config: ResolvedConfig, start: SimulatedStart): SimulatedWorld {
  const { train } = start.data;
  const boards = planFleet(config).flatMap((part) => Array(virtualCount(part)).fill(part.board));
  return { ...start, shards: dealData(config, start.data, boards).map((indices) => subset(train, indices)) };
}

export interface SimulatedRunOptions {
  config: ResolvedConfig;
  world: SimulatedWorld;
  kernels: Uint8Array;
  folder: Folder;
  /** Updates between measurements. */
  evaluateEvery: number;
  /** What a measurement's accuracy is, of what was measured; the share of right answers without it. */
  accuracyOf?: (metrics: Metrics) => number;
  /** Ends after so many updates as well. */
  updates?: number;
  /** Times of orders as recorded, instead of those of the config's `simulation`. */
  recording?: Recording;
  /** Threads that carry out the boards' tasks; 1, the default, is this one. */
  trainers?: number;
  /** What a board sends instead of its update, for experiments with boards that lie. */
  sent?: (board: number, update: BoardUpdate) => BoardUpdate;
  /** Knows what this run computed before it was killed, and learns what it computes now. */
  journal?: Journal;
  onPoint?: (point: Point) => void;
  onVersion?: Simulation["onVersion"];
  signal?: AbortSignal;
}

export interface SimulatedOutcome extends SimulatedRun {
  boards: readonly SimulatedBoard[];
  parts: readonly FleetPart[];
}

/** @throws FtteError "plan-too-large", "data-invalid" for a recording that lacks a class, and as strategies, coordinator and journal do */
export async function simulatedRun(o: SimulatedRunOptions): Promise<SimulatedOutcome> {
  const { config, world, folder, evaluateEvery, journal, recording } = o;
  const parts = planFleet(config);
  const boards = boardsOf(config, parts, world.shards);
  const classes = boards.map((board) => board.class);
  const schedule = recording ? traceSchedule(recording, classes) : scheduleOf(config, parts);
  const trainers = trainersOf(o, boards);
  const evaluate = evaluatorOf(o);
  try {
    const run = await simulate({
      ...{ boards, folder, evaluateEvery, normLimit, schedule },
      normalisation: world.data.normalisation,
      firstModel: world.firstModel,
      strategy: strategyOf(config),
      server: serverOf(config),
      training: { ...config.training, encoding: encodingOf(config) },
      seed: config.seed,
      refreshFrozenEvery: config.refreshFrozenEvery,
      train: sending(o.sent, journal ? journalledTraining(journal, trainers.train) : trainers.train),
      stop: stopOf(o),
      evaluate: journal ? journalledEvaluation(journal, evaluate) : evaluate,
      ...(o.onPoint && { onPoint: o.onPoint }),
      ...(o.onVersion && { onVersion: o.onVersion }),
      ...(o.signal && { signal: o.signal }),
    });
    return { ...run, boards, parts };
  } finally {
    await trainers.close();
  }
}

function sending(sent: SimulatedRunOptions["sent"], train: Simulation["train"]): Simulation["train"] {
  return sent ? async (job) => sent(job.board, await train(job)) : train;
}

/** Minutes are virtual. */
function stopOf({ config, updates }: SimulatedRunOptions): Simulation["stop"] {
  const { minutes, versions, accuracy } = config.stop;
  return {
    ...(updates !== undefined && { updates }),
    ...(versions !== undefined && { versions }),
    ...(minutes !== undefined && { seconds: minutes * 60 }),
    ...(accuracy !== undefined && { accuracy }),
  };
}

function trainersOf(
  { config, kernels, trainers = 1 }: SimulatedRunOptions,
  boards: readonly SimulatedBoard[],
): { train: Simulation["train"]; close: () => Promise<void> } {
  const training = trainingOf(config);
  if (trainers > 1) {
    const pool = new TrainerPool(kernels, boards, training, trainers);
    return { train: (job) => pool.train(job), close: () => pool.close() };
  }
  const trainer = new Trainer(kernels, boards, training);
  return { train: (job) => trainer.train(job), close: async () => {} };
}

function evaluatorOf({ config, kernels, world, accuracyOf }: SimulatedRunOptions): Simulation["evaluate"] {
  const { test, normalisation } = world.data;
  const evaluator = new ModelEvaluator(kernels, { model: modelOf(config), data: test, normalisation });
  return (parameters) => {
    const metrics = evaluator.evaluate(parameters);
    return { accuracy: accuracyOf?.(metrics) ?? metrics.accuracy, loss: metrics.loss };
  };
}

function boardsOf(config: ResolvedConfig, parts: readonly FleetPart[], shards: readonly Dataset[]): SimulatedBoard[] {
  const kinds = parts.flatMap((part) => Array<FleetPart>(virtualCount(part)).fill(part));
  const boards = kinds.map(({ entry, label, plan }, i): SimulatedBoard => {
    return { id: virtualName(i), class: label, speed: entry.speed ?? 1, plan, ...recorded(shards[i]!) };
  });
  return withStragglers(
    config,
    boards,
    boards.map(({ labels }) => labels),
  );
}

const recorded = (shard: Dataset): Pick<TrainedBoard, "samples" | "labels"> => {
  return { samples: packElements(shard), labels: shard.labels };
};
