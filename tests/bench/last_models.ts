// A simulated run of which only the last models count: for benchmarks that average their accuracy. All boards take about as long for a task.

import { evenSchedule } from "../../host/fl/schedule.ts";
import type { ServerOptions } from "../../host/fl/server_options.ts";
import { type SimulatedRun, type Simulation, simulate } from "../../host/sim/simulate.ts";
import { Trainer } from "../../host/sim/trainer.ts";

type Given =
  | "strategy"
  | "folder"
  | "normalisation"
  | "training"
  | "seed"
  | "refreshFrozenEvery"
  | "boards"
  | "firstModel";

export interface LastModelsOptions extends Pick<Simulation, Given> {
  server?: ServerOptions;
  versions: number;
  /** How many of the newest models to give back. */
  keep: number;
}

/** @param kernels bytes of kernels.twin.wasm */
export async function lastModels(
  kernels: Uint8Array,
  { versions, keep, ...given }: LastModelsOptions,
): Promise<SimulatedRun & { models: Float32Array[] }> {
  const trainer = new Trainer(kernels, given.boards);
  const models: Float32Array[] = [];
  const run = await simulate({
    ...given,
    schedule: evenSchedule(given.seed),
    train: (job) => trainer.train(job),
    normLimit: 1e3,
    stop: { versions },
    evaluateEvery: 1,
    evaluate(parameters) {
      models.push(parameters);
      if (models.length > keep) models.shift();
      return { accuracy: 0, loss: 0 }; // the models are judged afterwards
    },
  });
  return { ...run, models };
}
