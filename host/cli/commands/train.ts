// `ftte train` and `ftte run resume`: start a run, or go on with one.

import { dirname, resolve as resolvePath } from "node:path";
import { loadBoardConfig } from "../../boards/config.ts";
import { discoverBoards, type PortReport } from "../../boards/discover.ts";
import { findBoard, looksLikePort } from "../../boards/find.ts";
import { KnownBoards } from "../../boards/names.ts";
import { exitStatus, FtteError } from "../../errors.ts";
import { placeAt } from "../../link/ports.ts";
import type { RunRecord, Store } from "../../store/store.ts";
import type { ResolvedConfig } from "../config_schema.ts";
import { everyPort } from "../every_port.ts";
import { loadProject } from "../load_config.ts";
import { interruptible, runOutput, say, sayJson } from "../output.ts";
import { dealFleet } from "../population.ts";
import { type FrozenConfig, findRun, openStore } from "../project_store.ts";
import { runTraining } from "../training_run.ts";
import { resultJson, resultText } from "../view/result.ts";

export interface TrainOptions {
  config: string;
  virtual?: number;
  port?: string[];
  minutes?: number;
  seed?: number;
  deterministic?: boolean;
  fresh?: boolean;
  json?: boolean;
}

/** `--virtual N`: the config's classes, dealt out in turn, on virtual boards of the same memory. */
function virtually(config: ResolvedConfig, boards: number): ResolvedConfig["fleet"] {
  const onVirtual = (board: string) => (board.startsWith("virtual-") ? board : "virtual-256k");
  const fleet = config.fleet.map((entry) => ({ ...entry, board: onVirtual(entry.board) }));
  return dealFleet(fleet, boards, "--virtual");
}

/** `--port`: the boards that answer there, each as the fleet's entry of its class. */
async function byPort(config: ResolvedConfig, ports: string[], configFile: string): Promise<ResolvedConfig["fleet"]> {
  const entries = config.fleet.map((entry) => ({ entry, board: loadBoardConfig(entry.board), ports: [] as string[] }));
  for (const text of ports) {
    const address = await addressOf(text, configFile);
    const { boardClass } = await answering(address, new Set(entries.map(({ board }) => board.link.baud)));
    const match = entries.find(({ board }) => board.class === boardClass);
    if (!match)
      throw new FtteError(
        "config-invalid",
        `${address} is a board of class ${boardClass}; the config's fleet has ${entries.map((e) => e.board.class).join(", ")}`,
      );
    match.ports.push(address);
  }
  return entries
    .filter((e) => e.ports.length > 0)
    .map(({ entry: { count: _, ...entry }, ports }) => ({ ...entry, ports }));
}

/** Of a port, itself; of a board's name or chip id, where it answers. */
async function addressOf(text: string, configFile: string): Promise<string> {
  if (looksLikePort(text)) return text;
  const known = KnownBoards.read();
  return (await findBoard(text, { known, ports: () => everyPort(configFile, known) })).address;
}

/** @throws FtteError of the port, when it answers at none of the rates */
async function answering(address: string, rates: Iterable<number>): Promise<PortReport & { answers: true }> {
  const [report] = await discoverBoards([placeAt(address)], { baudRates: [...rates], timeoutMs: 3000 });
  if (report?.answers) return report;
  throw new FtteError(report!.code, report!.reason);
}

/** The fleet that the command line asks for, or the config's. */
async function fleetFor(config: ResolvedConfig, options: TrainOptions): Promise<ResolvedConfig["fleet"]> {
  const { virtual, port } = options;
  if (virtual !== undefined && port) throw new FtteError("usage", "give --virtual or --port, not both");
  if (port) return byPort(config, port, options.config);
  return virtual === undefined ? config.fleet : virtually(config, virtual);
}

export async function train(options: TrainOptions): Promise<void> {
  const { folder, config: read } = await loadProject(options.config);
  const config: ResolvedConfig = {
    ...read,
    ...(options.seed !== undefined && { seed: options.seed }),
    fleet: await fleetFor(read, options),
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
