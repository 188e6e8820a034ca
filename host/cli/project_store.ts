// A project's runs: where they are stored, and what of a config a run freezes.

import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { type RunRecord, Store } from "../store/store.ts";
import type { ResolvedConfig } from "./config_schema.ts";

/** What a run was started with, whatever the config file says later. */
export interface FrozenConfig {
  config: ResolvedConfig;
  deterministic: boolean;
}

const folderOf = (projectFolder: string) => join(projectFolder, ".ftte");

/** @throws FtteError "store-locked", "store-corrupt", "store-full" or "file-unwritable" */
export const openStore = (projectFolder: string): Store => Store.open(join(folderOf(projectFolder), "runs.sqlite"));

/** The run's own folder, with its virtual boards. */
export const runFolder = (projectFolder: string, run: number): string => join(folderOf(projectFolder), `run-${run}`);

/** What is kept of the simulations of one config and one set of options, of which `digest` is made. */
export const simulationFolder = (projectFolder: string, digest: string): string =>
  join(folderOf(projectFolder), "simulations", digest);

export const frozenConfig = (record: RunRecord): FrozenConfig => JSON.parse(record.config) as FrozenConfig;

/** The run named on the command line, or the newest. @throws FtteError "run-unknown" or "usage" */
export function findRun(store: Store, id: string | undefined): RunRecord {
  if (id !== undefined) {
    if (!/^\d+$/.test(id)) throw new FtteError("usage", `"${id}" is no run; runs have numbers, "ftte runs" lists them`);
    return store.runRecord(Number(id));
  }
  const newest = store.runs().at(-1);
  if (!newest) throw new FtteError("run-unknown", 'this project has no runs yet; start one with "ftte train"');
  return newest;
}
