// A config's run in virtual time: the same data, shards, plans, first model, strategy and schedule as `ftte train --deterministic`, with boards
// that are function calls. Prints nothing and keeps nothing.

import { packElements, subset } from "../data/dataset.ts";
import type { Dataset } from "../data/types.ts";
import type { Folder } from "../fl/aggregate.ts";
import { ModelEvaluator } from "../sim/evaluate.ts";
import { type Point, type SimulatedBoard, type SimulatedRun, simulate } from "../sim/simulate.ts";
import { type TrainedBoard, Trainer } from "../sim/trainer.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import { scheduleOf, withStragglers } from "./population.ts";
import {
  dealData,
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
import { strategyOf } from "./strategies.ts";

/** What runs of one seed share, whatever their strategies. */
export interface SimulatedWorld {
  data: RunData;
  firstModel: Float32Array;
  /** What each board records. */
  shards: Dataset[];
}

/** @param kernels bytes of kernels.twin.wasm @throws FtteError as loadRunData */
export function simulatedWorld(config: ResolvedConfig, projectFolder: string, kernels: Uint8Array): SimulatedWorld {
  const data = loadRunData(config, projectFolder);
  const boards = planFleet(config).flatMap((part) => Array(virtualCount(part)).fill(part.board));
  const shards = dealData(config, data, boards).map((indices) => subset(data.train, indices));
  return { data, firstModel: firstModel(config, data, kernels), shards };
}

export interface SimulatedRunOptions {
  config: ResolvedConfig;
  world: SimulatedWorld;
  kernels: Uint8Array;
  folder: Folder;
  /** Updates between measurements. */
  evaluateEvery: number;
  /** Ends after so many updates as well. */
  updates?: number;
  onPoint?: (point: Point) => void;
  signal?: AbortSignal;
}

export interface SimulatedOutcome extends SimulatedRun {
  boards: readonly SimulatedBoard[];
  parts: readonly FleetPart[];
}

/** @throws FtteError "plan-too-large" and as strategies and coordinator do */
export async function simulatedRun(o: SimulatedRunOptions): Promise<SimulatedOutcome> {
  const { config, world, kernels, folder, evaluateEvery } = o;
  const parts = planFleet(config);
  const boards = boardsOf(config, parts, world.shards);
  const trainer = new Trainer(kernels, boards, trainingOf(config));
  const { test, normalisation } = world.data;
  const evaluator = new ModelEvaluator(kernels, { model: modelOf(config), data: test, normalisation });
  const { minutes, versions, accuracy } = config.stop;
  const run = await simulate({
    ...{ boards, folder, normalisation, evaluateEvery, normLimit },
    firstModel: world.firstModel,
    strategy: strategyOf(config.strategy),
    ...(config.server && { server: config.server }),
    training: config.training,
    seed: config.seed,
    refreshFrozenEvery: config.refreshFrozenEvery,
    schedule: scheduleOf(config, parts),
    train: (job) => trainer.train(job),
    stop: {
      ...(o.updates !== undefined && { updates: o.updates }),
      ...(versions !== undefined && { versions }),
      ...(minutes !== undefined && { seconds: minutes * 60 }),
      ...(accuracy !== undefined && { accuracy }),
    },
    evaluate: (parameters) => evaluator.evaluate(parameters),
    ...(o.onPoint && { onPoint: o.onPoint }),
    ...(o.signal && { signal: o.signal }),
  });
  return { ...run, boards, parts };
}

function boardsOf(config: ResolvedConfig, parts: readonly FleetPart[], shards: readonly Dataset[]): SimulatedBoard[] {
  const kinds = parts.flatMap((part) => Array<FleetPart>(virtualCount(part)).fill(part));
  const boards = kinds.map(({ entry, label, plan }, i): SimulatedBoard => {
    return { id: virtualName(i), class: label, speed: entry.speed ?? 1, plan, ...recorded(shards[i]!) };
  });
  return withStragglers(config, boards);
}

const recorded = (shard: Dataset): Pick<TrainedBoard, "samples" | "labels"> => {
  return { samples: packElements(shard), labels: shard.labels };
};
