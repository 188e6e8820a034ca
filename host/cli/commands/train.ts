// `ftte train` and `ftte run resume`: start a run, or go on with one.

import { dirname, resolve as resolvePath } from "node:path";
import { exitStatus, FtteError } from "../../errors.ts";
import type { RunRecord, Store } from "../../store/store.ts";
import type { ResolvedConfig } from "../config_schema.ts";
import { loadProject } from "../load_config.ts";
import { interruptible, runOutput, say, sayJson } from "../output.ts";
import { type FrozenConfig, findRun, openStore } from "../project_store.ts";
import { runTraining } from "../training_run.ts";
import { resultJson, resultText } from "../view/result.ts";

export interface TrainOptions {
  config: string;
  virtual?: number;
  minutes?: number;
  seed?: number;
  deterministic?: boolean;
  fresh?: boolean;
  json?: boolean;
}

/** `--virtual N`: the config's classes, dealt out in turn, on virtual boards of the same memory. */
function virtually(config: ResolvedConfig, boards: number): ResolvedConfig["fleet"] {
  if (!Number.isInteger(boards) || boards < 1 || boards > 10_000)
    throw new FtteError("usage", `--virtual takes 1 to 10000 boards, not ${boards}`);
  const parts = config.fleet.map(({ ports: _ports, ...entry }) => ({
    ...entry,
    board: entry.board.startsWith("virtual-") ? entry.board : "virtual-256k",
    count: 0,
  }));
  for (let i = 0; i < boards; i++) parts[i % parts.length]!.count++;
  return parts.filter((part) => part.count > 0);
}

export async function train(options: TrainOptions): Promise<void> {
  const { folder, config: read } = await loadProject(options.config);
  const config: ResolvedConfig = {
    ...read,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.virtual !== undefined && { fleet: virtually(read, options.virtual) }),
  };
  const store = openStore(folder);
  try {
    const frozen: FrozenConfig = { config, deterministic: options.deterministic ?? false };
    const text = JSON.stringify(frozen);
    const unfinished = store.runs().findLast((run) => run.state !== "finished" && run.config === text);
    const record = (!options.fresh && unfinished) || store.createRun(config.name, text);
    await work(store, record, folder, record === unfinished, options);
  } finally {
    store.close();
  }
}

export async function resume(
  id: string | undefined,
  options: Pick<TrainOptions, "config" | "minutes" | "json">,
): Promise<void> {
  const folder = dirname(resolvePath(options.config));
  const store = openStore(folder);
  try {
    await work(store, findRun(store, id), folder, true, options);
  } finally {
    store.close();
  }
}

async function work(
  store: Store,
  record: RunRecord,
  projectFolder: string,
  resumed: boolean,
  { minutes, json }: Pick<TrainOptions, "minutes" | "json">,
): Promise<void> {
  const { versions } = record;
  say(json, resumed ? `run ${record.id} goes on at version ${versions ?? 0}` : `run ${record.id} starts`);
  const output = runOutput(json);
  const { signal, stop } = interruptible();
  try {
    const run = {
      projectFolder,
      store,
      record,
      resumed,
      signal,
      on: output.on,
      ...(minutes !== undefined && { minutes }),
    };
    const outcome = await runTraining(run).finally(() => output.close());
    say(json, resultText(outcome));
    if (json) sayJson(resultJson(outcome));
    if (outcome.reason === "interrupted") {
      say(json, `interrupted; go on with: ftte run resume ${record.id}`);
      process.exitCode = exitStatus.interrupted;
    }
  } finally {
    stop();
  }
}
