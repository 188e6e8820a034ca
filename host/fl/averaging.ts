// The model that is measured and handed out: an exponential moving average over versions, w̄_0 = w_0, w̄_v = β w̄_(v-1) + (1-β) w_v. Boards
// always train the newest version itself. In f32 and version by version, so that a run that is resumed has the same bits: nothing of the
// average is stored, it is computed again from the stored versions.

import { FtteError } from "../errors.ts";
import type { ModelVersion } from "./orders.ts";
import type { RunStore } from "./run_store.ts";

type Models = Pick<RunStore, "run" | "model">;

function mixed(average: ModelVersion, { version, parameters }: ModelVersion, averaging: number): ModelVersion {
  const mix = (w: number, i: number) => averaging * average.parameters[i]! + (1 - averaging) * w;
  return { version, parameters: parameters.map(mix) };
}

function stored(store: Models, version: number): ModelVersion {
  const model = store.model(version);
  if (model) return model;
  const what = `run ${store.run} lacks model version ${version}, which its average needs; restore the run store from a copy`;
  throw new FtteError("store-corrupt", what);
}

/**
 * The average as of the newest stored version; none when there is no version.
 * @param averaging β, from 0 (the newest version itself) to below 1
 * @throws FtteError "store-corrupt" when a version is absent
 */
export function averagedModel(store: Models, averaging = 0): ModelVersion | undefined {
  const newest = store.model();
  if (!newest || averaging === 0) return newest;
  let average = stored(store, 0);
  for (let version = 1; version <= newest.version; version++)
    average = mixed(average, stored(store, version), averaging);
  return average;
}

/** The average as versions are made. */
export class Average {
  model: ModelVersion = { version: 0, parameters: new Float32Array() };

  constructor(private readonly averaging = 0) {}

  /** Takes up what the store holds. @throws FtteError "store-corrupt" */
  restore(store: Models): void {
    this.model = averagedModel(store, this.averaging) ?? this.model;
  }

  /** The version after the last one. */
  add(next: ModelVersion): void {
    this.model = this.averaging === 0 ? next : mixed(this.model, next, this.averaging);
  }
}
