// One cell of an experiment: a simulated run and what its clients have of it. A fifth of each client's samples never reaches its board: it
// judges the final model for that client.

import { readFileSync } from "node:fs";
import { builtGuest } from "../../host/build/root.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { type ResolvedConfig, resolveConfig } from "../../host/cli/config_schema.ts";
import { encodingOf, modelOf, planFleet, virtualCount } from "../../host/cli/setup.ts";
import {
  type SimulatedStart,
  type SimulatedWorld,
  simulatedRun,
  simulatedStart,
  simulatedWorld,
} from "../../host/cli/simulated_run.ts";
import { subset } from "../../host/data/dataset.ts";
import type { Dataset } from "../../host/data/types.ts";
import { wasmFolder } from "../../host/fl/fold.ts";
import type { Plan } from "../../host/plan/types.ts";
import type { BoardUpdate } from "../../host/sim/board_task.ts";
import { type Metrics, ModelEvaluator } from "../../host/sim/evaluate.ts";
import { loadKernels } from "../../host/sim/guest.ts";
import type { Point } from "../../host/sim/simulate.ts";
import { altered, doesHarm, type Harm, mislabelled } from "./harm.ts";
import { type Metric, metrics } from "./metrics.ts";

/** Accuracies are the order's metric. */
export interface CellResult {
  curve: Point[];
  meanStaleness: number;
  smallestArena: number; // bytes
  /** Of each client, on its own held-out samples; -1 for one that has none. */
  clientAccuracy: number[];
  speeds: number[];
}

const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
const fold = readFileSync(builtGuest("fold.wasm"));

/** Start and world of the latest cell: neighbours in the list of cells often share them. */
let latestStart: { key: string; start: SimulatedStart } | undefined;
let latest: { key: string; world: SimulatedWorld; judges: Dataset[] } | undefined;

function startOf(config: ResolvedConfig): SimulatedStart {
  const { model, data, firstModel, seed } = config;
  const key = JSON.stringify([model, data, firstModel, seed]);
  if (latestStart?.key !== key) latestStart = { key, start: simulatedStart(config, process.cwd(), kernels) };
  return latestStart.start;
}

function worldOf(config: ResolvedConfig): { world: SimulatedWorld; judges: Dataset[] } {
  const { model, data, partition, firstModel, seed, fleet } = config;
  const boards = fleet.map(({ board, count }) => [board, count]);
  const key = JSON.stringify([model, data, partition, firstModel, seed, boards]);
  if (latest?.key === key) return latest;
  const world = simulatedWorld(config, startOf(config));
  const part = (shard: Dataset, judges: boolean) =>
    subset(
      shard,
      Array.from(shard.labels.keys()).filter((i) => (i % 5 === 4) === judges),
    );
  const judges = world.shards.map((shard) => part(shard, true));
  latest = { key, world: { ...world, shards: world.shards.map((shard) => part(shard, false)) }, judges };
  return latest;
}

export interface CellOrder {
  config: FtteConfig;
  updates: number; // folded in the run
  evaluateEvery: number; // updates between measurements
  /** What accuracies are measured as: without it, the share of right answers. */
  metric?: Metric;
  harm?: Harm;
}

export async function runCell(order: CellOrder): Promise<CellResult> {
  const { config: given, updates, evaluateEvery, metric = "accuracy", harm } = order;
  const config = resolveConfig(given, "the experiment's config");
  const { world: honest, judges } = worldOf(config);
  const folder = wasmFolder(fold, encodingOf(config));
  const isHarmful = (client: number) => harm !== undefined && doesHarm(harm, client, config.seed);
  const relabels = (client: number) => harm?.kind === "labels" && isHarmful(client);
  const shards = honest.shards.map((data, i) => (relabels(i) ? mislabelled(data, i, config.seed) : data));
  const world = { ...honest, shards };
  const plans = planFleet(config).flatMap((part) => Array<Plan>(virtualCount(part)).fill(part.plan));
  const sent = (board: number, update: BoardUpdate) =>
    harm && harm.kind !== "labels" && isHarmful(board) ? altered(harm, plans[board]!, update) : update;
  const accuracyOf = ({ confusion }: Metrics) => metrics[metric](confusion);
  const run = await simulatedRun({ config, world, kernels, folder, updates, evaluateEvery, accuracyOf, sent });
  return {
    curve: run.curve,
    meanStaleness: run.meanStaleness,
    smallestArena: Math.min(...run.parts.map(({ plan }) => plan.memoryBytes)),
    clientAccuracy: judged(config, world, judges, run.parameters).map((measured) =>
      measured ? accuracyOf(measured) : -1,
    ),
    speeds: run.boards.map(({ speed }) => speed),
  };
}

/** What the model is worth to each client; undefined for one that has no samples to judge it by. */
function judged(
  config: ResolvedConfig,
  { data: { normalisation } }: SimulatedWorld,
  judges: readonly Dataset[],
  parameters: Float32Array,
): (Metrics | undefined)[] {
  return judges.map((data) => {
    if (data.count === 0) return undefined;
    return new ModelEvaluator(kernels, { model: modelOf(config), data, normalisation }).evaluate(parameters);
  });
}
