// One run from its frozen config to its end: starts the boards, wires fleet, store, strategy and evaluation to the coordinator, and
// says how it ended. The commands train, resume and demo all come here.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BoardProcess } from "../boards/board_process.ts";
import { LocalFleet } from "../boards/local_fleet.ts";
import { append, recorded } from "../boards/recording.ts";
import { Plugs } from "../boards/virtual.ts";
import { buildFold } from "../build/fold.ts";
import { buildGuest } from "../build/guest.ts";
import { builtGuest } from "../build/root.ts";
import type { Partition } from "../data/types.ts";
import type { Folder } from "../fl/aggregate.ts";
import { Coordinator, type FoldStep, type Summary } from "../fl/coordinator.ts";
import type { RunEvent } from "../fl/events.ts";
import { bytesOf } from "../plan/slice.ts";
import { Evaluator } from "../sim/evaluator.ts";
import { loadKernels } from "../sim/guest.ts";
import type { RunRecord, Store } from "../store/store.ts";
import { builtFolder } from "./built_folder.ts";
import {
  buildPrograms,
  type ClassMemory,
  measureMemory,
  type PlacedBoard,
  placeReal,
  placeVirtual,
  type VirtualPlace,
} from "./placed_boards.ts";
import { scheduleOf, withStragglers } from "./population.ts";
import { frozenConfig, runFolder } from "./project_store.ts";
import {
  dealData,
  encodingOf,
  type FleetPart,
  firstModel,
  loadRunData,
  modelOf,
  normLimit,
  planFleet,
  type RunData,
  virtualCount,
} from "./setup.ts";
import { serverOf, strategyOf } from "./strategies.ts";

export { builtFolder };

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
  /** Sums updates, of the config's encoding, instead of the SIMD module, for whoever wants to watch it. */
  folder?: Folder;
  /** Given the virtual boards once they run, for whoever wants to disturb them. */
  onBoards?: (boards: BoardProcess[], plugs: Plugs) => void;
  /** Awaited before the boards are asked for their figures. */
  beforeEnd?: () => Promise<void>;
}

/** An evaluation, and what the links had carried until then, both ways. */
export interface ReachedPoint {
  seconds: number;
  accuracy: number;
  bytes: number;
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
  /** Since this process took the run up. */
  curve: ReachedPoint[];
  shards: Partition;
}

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
  await buildGuest();
  await buildFold();
  const { config } = frozenConfig(o.record);
  const parts = planFleet(config);
  const programs = await buildPrograms(parts);
  const data = loadRunData(config, o.projectFolder);
  const boards = parts.flatMap((part) => Array(virtualCount(part)).fill(part.board));
  const shards = o.shards ?? dealData(config, data, boards);
  const folder = join(runFolder(o.projectFolder, o.record.id), "boards");
  const virtual = placeVirtual(parts, shards, data.train, folder, programs);
  return new TrainingRun(o, parts, data, shards, virtual, await placeReal(parts)).run();
}

class TrainingRun {
  private readonly config;
  private readonly deterministic;
  private readonly store: ReturnType<Store["open"]>;
  private readonly boards: PlacedBoard[];
  private readonly plugs = new Plugs();
  private readonly fleet;
  private readonly evaluator;
  private readonly startMs = performance.now();
  private readonly curve: ReachedPoint[] = [];

  constructor(
    private readonly o: TrainingRunOptions,
    private readonly parts: FleetPart[],
    private readonly data: RunData,
    private readonly shards: Partition,
    private readonly virtual: VirtualPlace[],
    real: PlacedBoard[],
  ) {
    ({ config: this.config, deterministic: this.deterministic } = frozenConfig(o.record));
    const labels = shards.map((shard) => Array.from(shard, (i) => data.train.labels[i]!));
    this.boards = withStragglers(this.config, [...virtual, ...real], labels);
    this.fleet = new LocalFleet({ boards: this.boards, open: this.plugs.open });
    this.store = o.store.open(o.record.id);
    const twin = loadKernels(builtGuest("kernels.twin.wasm"));
    if (!this.store.model()) this.store.putModel(0, firstModel(this.config, data, twin), 0);
    const { test, normalisation } = data;
    this.evaluator = new Evaluator(twin, { model: modelOf(this.config), data: test, normalisation });
  }

  async run(): Promise<RunOutcome> {
    const { o } = this;
    o.store.setState(o.record.id, "running");
    this.tellStart();
    const tell = () => o.on({ type: "traffic", seconds: this.clock(), ...this.traffic() });
    const ticker = setInterval(tell, 1000);
    try {
      await this.startBoards();
      const summary = await this.coordinator().run(o.signal);
      await o.beforeEnd?.();
      const memory = await measureMemory(this.fleet, this.boards, this.parts);
      this.store.flush();
      o.store.setState(o.record.id, summary.reason === "interrupted" ? "interrupted" : "finished");
      return this.outcome(summary, memory);
    } finally {
      clearInterval(ticker);
      await this.fleet.close();
      await Promise.all(this.virtual.map(({ virtual }) => virtual.kill()));
      await this.evaluator.close();
    }
  }

  private clock(): number {
    return (performance.now() - this.startMs) / 1000;
  }

  private get parameterCount(): number {
    return this.parts[0]!.plan.parameterCount;
  }

  private traffic(): { up: number; down: number } {
    const bytes = { up: 0, down: 0 };
    for (const { up, down } of this.fleet.traffic().values()) {
      bytes.up += up;
      bytes.down += down;
    }
    return bytes;
  }

  private tellStart(): void {
    const boards = this.boards.map(({ id, name, class: label }) => ({ id, name, class: label }));
    const { record, resumed } = this.o;
    const parameters = this.parameterCount;
    this.o.on({ type: "started", run: String(record.id), resumed, seconds: 0, boards, parameters });
  }

  /** Virtual boards begin to train when they have recorded all of their shard. */
  private async startBoards(): Promise<void> {
    const start = async (board: VirtualPlace, i: number) => {
      await board.virtual.start();
      if (board.virtual.hasSensor) await recorded(board, this.shards[i]!.length, this.plugs.open);
      else await append(board, readFileSync(board.samples), this.plugs.open);
    };
    await Promise.all(this.virtual.map(start));
    this.o.onBoards?.(
      this.virtual.map(({ virtual }) => virtual),
      this.plugs,
    );
  }

  private stop(): { versions?: number; seconds?: number; accuracy?: number } {
    const { versions, accuracy, minutes } = this.config.stop;
    const seconds = (this.o.minutes ?? minutes ?? 0) * 60;
    return { ...(versions && { versions }), ...(accuracy && { accuracy }), ...(seconds && { seconds }) };
  }

  private coordinator(): Coordinator {
    const { training, seed, refreshFrozenEvery } = this.config;
    const encoding = encodingOf(this.config);
    const passed = killPoint();
    return new Coordinator({
      run: this.o.record.id,
      store: this.store,
      fleet: this.fleet,
      strategy: strategyOf(this.config),
      server: serverOf(this.config),
      folder: this.o.folder ?? builtFolder(encoding),
      boards: this.boards,
      plans: new Map(this.parts.map((part) => [part.label, part.plan])),
      kernels: readFileSync(builtGuest("kernels.wasm")),
      normalisation: this.data.normalisation,
      training: { ...training, encoding },
      seed,
      ...(this.deterministic && { schedule: scheduleOf(this.config, this.parts) }),
      refreshFrozenEvery,
      normLimit,
      stop: this.stop(),
      clock: () => this.clock(),
      evaluate: (parameters) => this.evaluator.evaluate(parameters),
      listener: (event) => this.listen(event),
      ...(passed && { passed }),
    });
  }

  private listen(event: RunEvent): void {
    if (event.type === "evaluation") {
      const { up, down } = this.traffic();
      this.curve.push({ seconds: event.seconds, accuracy: event.accuracy, bytes: up + down });
    }
    this.o.on(event);
  }

  private outcome(summary: Summary, memory: ClassMemory[]): RunOutcome {
    const evaluations = this.o.store.evaluations(this.o.record.id);
    return {
      run: this.o.record.id,
      reason: summary.reason,
      seconds: this.clock(),
      accuracy: evaluations.at(-1)?.accuracy ?? 0,
      accuracyBefore: evaluations[0]?.accuracy ?? 0,
      parameters: this.parameterCount,
      versions: summary.version,
      updates: summary.updates,
      bytes: this.traffic(),
      memory,
      modelSha256: createHash("sha256").update(bytesOf(summary.parameters)).digest("hex"),
      curve: this.curve,
      shards: this.shards,
    };
  }
}
