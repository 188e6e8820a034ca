// A config as a run on virtual boards with the real firmware, and the same boards and shards again as synchronous full-model FedAvg.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FtteConfig } from "../../host/cli/config.ts";
import { type ResolvedConfig, resolveConfig } from "../../host/cli/config_schema.ts";
import { openStore } from "../../host/cli/project_store.ts";
import { type RunOutcome, runTraining } from "../../host/cli/training_run.ts";
import type { Partition } from "../../host/data/types.ts";
import type { Folder } from "../../host/fl/aggregate.ts";
import type { RunEvent } from "../../host/fl/events.ts";
import type { Store } from "../../host/store/store.ts";

export interface FederatedRun extends RunOutcome {
  config: ResolvedConfig;
  values: Float32Array; // the final model
}

export interface RunHooks {
  on?: (event: RunEvent) => void;
  onStore?: (store: Store) => void;
  shards?: Partition;
  folder?: Folder;
}

/** Runs in a temporary folder that is removed afterwards. Says on standard error how it goes. */
export async function federated(config: FtteConfig, hooks: RunHooks = {}): Promise<FederatedRun> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-bench-"));
  const store = openStore(folder);
  hooks.onStore?.(store);
  try {
    const resolved = resolveConfig(config, `the config of ${config.name}`);
    const record = store.createRun(config.name, JSON.stringify({ config: resolved, deterministic: false }));
    const outcome = await runTraining({
      projectFolder: folder,
      store,
      record,
      resumed: false,
      signal: new AbortController().signal,
      ...(hooks.shards && { shards: hooks.shards }),
      ...(hooks.folder && { folder: hooks.folder }),
      on(event) {
        hooks.on?.(event);
        if (event.type === "evaluation" && event.version % 10 === 0)
          process.stderr.write(
            `${config.name}: ${event.seconds.toFixed(0)} s, version ${event.version}, ${event.accuracy.toFixed(3)}\n`,
          );
        if (event.type === "notice") process.stderr.write(`${config.name}: ${event.text}\n`);
      },
    });
    return { ...outcome, config: resolved, values: store.open(record.id).model()!.parameters };
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same boards, each large enough for the whole model, in step. */
export function fedavgOf(config: FtteConfig): FtteConfig {
  const fleet = config.fleet.map(({ budget: _budget, ...entry }) => ({
    ...entry,
    board: "virtual-256k",
    train: "all" as const,
  }));
  return { ...config, name: `${config.name}-fedavg`, fleet, strategy: { name: "fedavg" }, refreshFrozenEvery: 0 };
}

/** The row of a report. */
export function figures(run: FederatedRun) {
  return {
    accuracyBefore: run.accuracyBefore,
    accuracy: run.accuracy,
    versions: run.versions,
    folded: run.updates.folded,
    lost: run.updates.lost,
    seconds: Math.round(run.seconds),
    bytes: run.bytes.up + run.bytes.down,
    memory: run.memory,
  };
}
