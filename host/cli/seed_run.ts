// One seed's simulation, from its config to its result. What it computes is kept beside the project as it goes, so that a run that was
// killed goes on, and one that ended is not run again. Runs in a worker (simulate_worker.ts); says nothing but events.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtGuest } from "../build/root.ts";
import { packElements } from "../data/dataset.ts";
import type { Dataset } from "../data/types.ts";
import { FtteError } from "../errors.ts";
import { bytesOf } from "../plan/slice.ts";
import { loadKernels } from "../sim/guest.ts";
import type { Point } from "../sim/simulate.ts";
import type { Recording } from "../sim/trace.ts";
import { Journal } from "../store/journal.ts";
import { builtFolder } from "./built_folder.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import { encodingOf } from "./setup.ts";
import {
  type SimulatedOutcome,
  type SimulatedRunOptions,
  type SimulatedWorld,
  simulatedRun,
  simulatedStart,
  simulatedWorld,
} from "./simulated_run.ts";

export interface SeedRunOptions {
  /** With the seed. */
  config: ResolvedConfig;
  projectFolder: string;
  /** Where simulations of this config and these options are kept. */
  stateFolder: string;
  evaluateEvery: number;
  updates?: number;
  recording?: Recording;
  /** Threads that carry out tasks. */
  trainers: number;
}

export type SeedEvent =
  | ({ type: "point"; seed: number } & Point)
  /** How far it is, as often as versions are made. */
  | ({ type: "progress"; seed: number } & Pick<Point, "version" | "seconds" | "folded">)
  | { type: "done"; seed: number };

/** What a seed's simulation came to. */
export interface SeedResult {
  seed: number;
  accuracy: number;
  accuracyBefore: number;
  versions: number;
  updates: { folded: number; rejected: number };
  seconds: number; // of virtual time
  bytes: { up: number; down: number };
  meanStaleness: number;
  /** SHA-256 of the final model's f32 values: equal models, equal text. */
  modelSha256: string;
  curve: Point[];
}

type Listener = (event: SeedEvent) => void;

/**
 * Resolves with nothing when the signal ended it before its end.
 * @throws FtteError as simulatedWorld and simulatedRun do, and "file-unwritable" or "store-locked"
 */
export async function seedRun(o: SeedRunOptions, on: Listener, signal: AbortSignal): Promise<SeedResult | undefined> {
  const { seed } = o.config;
  const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
  const world = simulatedWorld(o.config, simulatedStart(o.config, o.projectFolder, kernels));
  const key = digestOf(world);
  const path = join(o.stateFolder, `seed-${seed}`);
  const kept = keptResult(`${path}.json`, key);
  if (kept) return told(kept, on);
  const journal = Journal.open(`${path}.sqlite`, key);
  const run = await computed(o, { world, kernels, journal, signal }, on).finally(() => journal.close());
  if (signal.aborted) return undefined;
  const result = resultOf(seed, run);
  keep(`${path}.json`, key, result);
  Journal.remove(`${path}.sqlite`);
  return result;
}

type Prepared = Pick<SimulatedRunOptions, "world" | "kernels" | "signal"> & { journal: Journal };

async function computed(o: SeedRunOptions, prepared: Prepared, on: Listener): Promise<SimulatedOutcome> {
  const { config, evaluateEvery, trainers, updates, recording } = o;
  const { seed } = config;
  return simulatedRun({
    ...{ ...prepared, config, evaluateEvery, trainers },
    folder: builtFolder(encodingOf(config)),
    ...(updates !== undefined && { updates }),
    ...(recording && { recording }),
    onPoint: (point) => on({ type: "point", seed, ...point }),
    onVersion: (made) => on({ type: "progress", seed, ...made }),
  });
}

/** Of everything that is random, and of the data: equal worlds, equal text. */
function digestOf({ data, firstModel, shards }: SimulatedWorld): string {
  const hash = createHash("sha256").update(bytesOf(firstModel));
  const add = (part: Dataset) => {
    hash.update(`${part.count} ${part.classes.length} `).update(packElements(part));
    hash.update(new Uint8Array(part.labels.buffer, part.labels.byteOffset, part.labels.byteLength));
  };
  for (const part of [...shards, data.test]) add(part);
  return hash.update(JSON.stringify(data.normalisation)).digest("hex");
}

function resultOf(seed: number, run: SimulatedOutcome): SeedResult {
  const { curve, versions, folded, rejected, seconds, bytes, meanStaleness, parameters } = run;
  return {
    ...{ seed, accuracy: curve.at(-1)!.accuracy, accuracyBefore: curve[0]!.accuracy, versions },
    ...{ updates: { folded, rejected }, seconds, bytes, meanStaleness },
    modelSha256: createHash("sha256").update(bytesOf(parameters)).digest("hex"),
    curve,
  };
}

/** A result from before, unless the data have changed since. */
function keptResult(path: string, key: string): SeedResult | undefined {
  try {
    const { key: keptKey, result } = JSON.parse(readFileSync(path, "utf8")) as { key: string; result: SeedResult };
    return keptKey === key ? result : undefined;
  } catch {
    return undefined; // there is none, or half of one
  }
}

function keep(path: string, key: string, result: SeedResult): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify({ key, result }));
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new FtteError("file-unwritable", `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

function told(result: SeedResult, on: Listener): SeedResult {
  for (const point of result.curve) on({ type: "point", seed: result.seed, ...point });
  return result;
}
