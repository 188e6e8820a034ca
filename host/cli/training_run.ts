// One run from its frozen config to its end: starts the boards, wires fleet, store, strategy and evaluation to the coordinator, and
// says how it ended. The commands train, resume and demo all come here.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { virtualBoardArguments } from "../boards/config.ts";
import { discoverBoards } from "../boards/discover.ts";
import { type FleetBoard, LocalFleet } from "../boards/local_fleet.ts";
import { recorded } from "../boards/recording.ts";
import { Plugs, VirtualBoard } from "../boards/virtual.ts";
import { buildFirmware } from "../build/firmware.ts";
import { buildFold } from "../build/fold.ts";
import { buildGuest } from "../build/guest.ts";
import type { Engine } from "../build/port.ts";
import { builtGuest } from "../build/root.ts";
import { packRecords, subset } from "../data/dataset.ts";
import { type Dataset, type Partition, sampleHeaderBytes } from "../data/types.ts";
import { FtteError } from "../errors.ts";
import { type BoardSetup, Coordinator, type FoldStep, type Summary } from "../fl/coordinator.ts";
import type { RunEvent } from "../fl/events.ts";
import { fedavg } from "../fl/fedavg.ts";
import { wasmFolder } from "../fl/fold.ts";
import { type FtteOptions, ftte } from "../fl/ftte.ts";
import type { Strategy } from "../fl/strategy.ts";
import { bytesOf } from "../plan/slice.ts";
import { Evaluator } from "../sim/evaluator.ts";
import { loadKernels } from "../sim/guest.ts";
import type { RunRecord, Store } from "../store/store.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import { frozenConfig, runFolder } from "./project_store.ts";
import { dealData, type FleetPart, firstModel, loadRunData, modelOf, planFleet } from "./setup.ts";

export interface TrainingRunOptions {
  projectFolder: string;
  store: Store;
  record: RunRecord;
  resumed: boolean;
  on: (event: RunEvent) => void;
  signal: AbortSignal;
  /** Ends after so many minutes, whatever the config says. */
  minutes?: number;
  /** Instead of dealing the data anew: the shards of a run that this one is compared with. */
  shards?: Partition;
  /** Given the virtual boards once they run, for whoever wants to disturb them. */
  onBoards?: (boards: VirtualBoard[], plugs: Plugs) => void;
  /** Awaited before the boards are asked for their figures. */
  beforeEnd?: () => Promise<void>;
}

export interface ClassMemory {
  class: string;
  planned: number; // bytes of arena
  measured: number; // the largest that a board of this class reported
}

export interface RunOutcome {
  run: number;
  reason: Summary["reason"];
  seconds: number;
  accuracy: number;
  accuracyBefore: number;
  parameters: number;
  versions: number;
  updates: Summary["updates"];
  bytes: { up: number; down: number }; // since this process took the run up
  memory: ClassMemory[];
  /** SHA-256 of the final model's f32 values: equal models, equal text. */
  modelSha256: string;
  curve: { seconds: number; accuracy: number }[];
  shards: Partition;
}

interface PlacedBoard extends BoardSetup, FleetBoard {
  id: string;
  name: string;
  virtual?: VirtualBoard;
}

function strategyOf({ strategy }: ResolvedConfig): Strategy {
  if (strategy.name === "fedavg")
    return fedavg(strategy.serverLearningRate ? { serverLearningRate: strategy.serverLearningRate } : {});
  const { name: _, ...options } = strategy;
  return ftte(options as FtteOptions);
}

/** The sensor's samples of one virtual board, in the form that the posix port reads. */
function writeSamples(path: string, shard: Dataset): void {
  const records = packRecords(shard);
  const recordBytes = shard.count ? records.length / shard.count : sampleHeaderBytes;
  const header = Buffer.from(Uint32Array.of(0x314d5346, recordBytes, shard.count, 0).buffer);
  writeFileSync(path, Buffer.concat([header, records]));
}

/** How many virtual boards an entry asks for: none when it names ports. */
const virtualCount = ({ entry }: FleetPart) => (entry.ports ? 0 : (entry.count ?? 1));

const engineOf = ({ entry }: FleetPart) => entry.engine ?? "wasm3";

/** Builds the posix firmware with each engine that a virtual board runs; returns the programs' paths. */
async function buildPrograms(parts: FleetPart[]): Promise<Map<Engine, string>> {
  const programs = new Map<Engine, string>();
  for (const engine of new Set(parts.filter(virtualCount).map(engineOf)))
    programs.set(engine, (await buildFirmware({ port: "posix", engine })).path);
  return programs;
}

function placeVirtual(
  parts: FleetPart[],
  shards: Partition,
  train: Dataset,
  folder: string,
  programs: Map<Engine, string>,
) {
  mkdirSync(folder, { recursive: true });
  const placed: PlacedBoard[] = [];
  for (const part of parts)
    for (let i = 0; i < virtualCount(part); i++) {
      const index = placed.length;
      const name = `wrist-${String(index + 1).padStart(2, "0")}`;
      const samples = join(folder, `${name}.samples`);
      writeSamples(samples, subset(train, shards[index]!));
      const speed = part.entry.speed ?? 1;
      const configArguments = virtualBoardArguments(part.board);
      const program = programs.get(engineOf(part))!;
      const virtual = new VirtualBoard({ name, program, folder, samples, speed, configArguments });
      placed.push({ id: virtual.chipId, address: virtual.address, name, class: part.label, speed, virtual });
    }
  return placed;
}

/** Real boards are known by their chip ids; every port that the config names must answer. */
async function placeReal(parts: FleetPart[]): Promise<PlacedBoard[]> {
  const placed: PlacedBoard[] = [];
  for (const part of parts) {
    const baudRate = part.board.link.baud;
    const ports = (part.entry.ports ?? []).map((address) => ({ address, kind: "serial" as const }));
    for (const report of await discoverBoards(ports, { baudRate, timeoutMs: 3000 })) {
      if (!report.answers) throw new FtteError(report.code, report.reason);
      const { chipId: id, address } = report;
      placed.push({ id, address, name: id.slice(0, 8), class: part.label, speed: part.entry.speed ?? 1, baudRate });
    }
  }
  return placed.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The largest arena that any board of each class used, asked of the boards that answer. */
async function measureMemory(fleet: LocalFleet, boards: PlacedBoard[], parts: FleetPart[]): Promise<ClassMemory[]> {
  const peaks = new Map<string, number>();
  await Promise.all(
    boards.map(async ({ id, class: label }) => {
      const stats = await Promise.race([fleet.stats(id).catch(() => undefined), wait(3000)]);
      if (stats) peaks.set(label, Math.max(peaks.get(label) ?? 0, stats.arenaPeak));
    }),
  );
  const classes = new Map(parts.map((part) => [part.label, part.plan.memoryBytes]));
  return [...classes].map(([name, planned]) => ({ class: name, planned, measured: peaks.get(name) ?? 0 }));
}

const wait = (ms: number) => new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined).unref());

/** Tests name a step of the folding at which this process is killed, as if by a power cut of the host. */
function killPoint(): ((step: FoldStep) => void) | undefined {
  const [at, count = "3"] = (process.env.FTTE_KILL_AT ?? "").split(":");
  let left = Number(count);
  if (!at) return undefined;
  return (step) => {
    if (step === at && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}

/** Builds what is missing and runs until the stop condition or the signal. Rejects with an FtteError; the run can then be resumed. */
export async function runTraining(o: TrainingRunOptions): Promise<RunOutcome> {
  const { store, record } = o;
  const { config, deterministic } = frozenConfig(record);
  await buildGuest();
  await buildFold();
  const parts = planFleet(config);
  const programs = await buildPrograms(parts);
  const data = loadRunData(config, o.projectFolder);
  const virtualBoards = parts.flatMap((part) => Array(virtualCount(part)).fill(part.board));
  const shards = o.shards ?? dealData(config, data, virtualBoards);
  const twin = loadKernels(builtGuest("kernels.twin.wasm"));

  const runStore = store.open(record.id);
  if (!runStore.model()) runStore.putModel(0, firstModel(config, data, twin), 0);
  store.setState(record.id, "running");

  const folder = join(runFolder(o.projectFolder, record.id), "boards");
  const virtual = placeVirtual(parts, shards, data.train, folder, programs);
  const boards = [...virtual, ...(await placeReal(parts))];
  const plugs = new Plugs();
  const fleet = new LocalFleet({ boards, open: plugs.open });
  const evaluator = new Evaluator(twin, { model: modelOf(config), data: data.test, normalisation: data.normalisation });
  const startMs = performance.now();
  const clock = () => (performance.now() - startMs) / 1000;
  const total = () => {
    const bytes = { up: 0, down: 0 };
    for (const { up, down } of fleet.traffic().values()) {
      bytes.up += up;
      bytes.down += down;
    }
    return bytes;
  };
  const parameterCount = parts[0]!.plan.parameterCount;
  const seconds = o.minutes === undefined ? config.stop.minutes && config.stop.minutes * 60 : o.minutes * 60;
  const { versions, accuracy } = config.stop;
  const passed = killPoint();
  const coordinator = new Coordinator({
    run: record.id,
    store: runStore,
    fleet,
    strategy: strategyOf(config),
    folder: wasmFolder(readFileSync(builtGuest("fold.wasm"))),
    boards,
    plans: new Map(parts.map((part) => [part.label, part.plan])),
    kernels: readFileSync(builtGuest("kernels.wasm")),
    normalisation: data.normalisation,
    training: config.training,
    seed: config.seed,
    deterministic,
    refreshFrozenEvery: config.refreshFrozenEvery,
    normLimit: 1e3,
    stop: { ...(versions && { versions }), ...(accuracy && { accuracy }), ...(seconds && { seconds }) },
    clock,
    evaluate: (parameters) => evaluator.evaluate(parameters),
    listener: o.on,
    ...(passed && { passed }),
  });
  const told = boards.map(({ id, name, class: label }) => ({ id, name, class: label }));
  o.on({
    type: "started",
    run: String(record.id),
    resumed: o.resumed,
    seconds: 0,
    boards: told,
    parameters: parameterCount,
  });
  const ticker = setInterval(() => o.on({ type: "traffic", seconds: clock(), ...total() }), 1000);
  try {
    await Promise.all(
      virtual.map(async (board, i) => {
        await board.virtual!.start();
        await recorded(board, shards[i]!.length, plugs.open);
      }),
    );
    o.onBoards?.(
      virtual.map((board) => board.virtual!),
      plugs,
    );
    const summary = await coordinator.run(o.signal);
    await o.beforeEnd?.();
    const memory = await measureMemory(fleet, boards, parts);
    runStore.flush();
    store.setState(record.id, summary.reason === "interrupted" ? "interrupted" : "finished");
    const curve = store.evaluations(record.id);
    return {
      run: record.id,
      reason: summary.reason,
      seconds: clock(),
      accuracy: curve.at(-1)?.accuracy ?? 0,
      accuracyBefore: curve[0]?.accuracy ?? 0,
      parameters: parameterCount,
      versions: summary.version,
      updates: summary.updates,
      bytes: total(),
      memory,
      modelSha256: createHash("sha256").update(bytesOf(summary.parameters)).digest("hex"),
      curve,
      shards,
    };
  } finally {
    clearInterval(ticker);
    await fleet.close();
    await Promise.all(virtual.map((board) => board.virtual!.kill()));
    await evaluator.close();
  }
}
