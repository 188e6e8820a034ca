// Several seeds' simulations, as many at once as there are cores to be used; cores that are left carry out the tasks of each. Every
// simulation runs in a worker of its own; one that is ended early has kept what it computed (seed_run.ts).

import { FtteError } from "../errors.ts";
import { receivedError, startWorker } from "../sim/worker_bundle.ts";
import type { SeedEvent, SeedResult, SeedRunOptions } from "./seed_run.ts";
import type { SeedMessage } from "./simulate_worker.ts";

export interface SeedRunsOptions {
  /** One per seed. */
  runs: readonly Omit<SeedRunOptions, "trainers">[];
  /** Threads to be used. */
  jobs: number;
  on: (event: SeedEvent) => void;
  signal: AbortSignal;
}

/**
 * Results in the order of the runs; of those that were interrupted, none.
 * Rejects with the first run's error, when the others have been ended.
 */
export async function seedRuns({ runs, jobs, on, signal }: SeedRunsOptions): Promise<(SeedResult | undefined)[]> {
  const lanes = Math.max(1, Math.min(jobs, runs.length));
  const trainers = Math.max(1, Math.floor(jobs / lanes));
  const failed = new AbortController();
  const results = new Array<SeedResult | undefined>(runs.length);
  let next = 0;
  const lane = async () => {
    while (next < runs.length && !signal.aborted && !failed.signal.aborted) {
      const number = next++;
      const ended = AbortSignal.any([signal, failed.signal]);
      results[number] = await seedInWorker({ ...runs[number]!, trainers }, on, ended);
      if (results[number]) on({ type: "done", seed: results[number].seed });
    }
  };
  const endAll = (error: unknown) => {
    failed.abort();
    throw error;
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, () => lane().catch(endAll)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}

/** Resolves with nothing when the signal ended it. */
function seedInWorker(
  options: SeedRunOptions,
  on: (event: SeedEvent) => void,
  signal: AbortSignal,
): Promise<SeedResult | undefined> {
  const worker = startWorker("simulate_worker", options);
  const end = () => worker.postMessage("end");
  signal.addEventListener("abort", end);
  return new Promise<SeedResult | undefined>((resolve, reject) => {
    worker.on("message", (message: SeedMessage) => {
      if ("event" in message) on(message.event);
      else if ("result" in message) resolve(message.result);
      else reject(receivedError(message.error));
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(standstill(options)));
  }).finally(() => signal.removeEventListener("abort", end));
}

/** A worker ends by itself when nothing is left that could happen. */
const standstill = ({ config: { seed, strategy } }: SeedRunOptions) =>
  new FtteError(
    "board-lost",
    `seed ${seed} came to a standstill: every board is done, and ${strategy.name} neither makes a step nor wants another update; is its ready() ever true?`,
  );
