// `ftte demo`: the main job at a glance. Virtual boards of two memory classes train a digit recogniser; two are slow, one loses its
// link for a while, one is killed in the middle of training and starts again.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BoardProcess } from "../../boards/board_process.ts";
import type { Plugs } from "../../boards/virtual.ts";
import type { Partition } from "../../data/types.ts";
import { exitStatus, FtteError } from "../../errors.ts";
import type { RunEvent } from "../../fl/events.ts";
import type { FtteConfig } from "../config.ts";
import { type ResolvedConfig, resolveConfig } from "../config_schema.ts";
import { interruptible, runOutput, say, sayJson, writeText } from "../output.ts";
import { type FrozenConfig, openStore } from "../project_store.ts";
import { type RunOutcome, runTraining } from "../training_run.ts";
import { type Curve, curveSvg } from "../view/curve.ts";
import { compare, resultJson, resultText } from "../view/result.ts";

export interface DemoOptions {
  boards: string;
  seed: number;
  minutes?: number;
  deterministic?: boolean;
  compare?: boolean;
  svg: string;
  keep?: string;
  json?: boolean;
}

const defaultMinutes = 1.25;
/** Server versions of a deterministic run, which may not depend on the clock. */
const deterministicVersions = 60;

type FleetEntry = FtteConfig["fleet"][number];

/** The boards of each port, small and large: what they train is chosen by the memory that they have. Of a chip, one board is both. */
const boardsOf = {
  posix: { small: "virtual-64k", large: "virtual-256k" },
  mps2: { small: "mps2-nrf52832", large: "mps2-nrf52840" },
  nrf52: { small: "microbit-nrf52840", large: "microbit-nrf52840" },
  esp32c3: { small: "virt-esp32c3", large: "virt-esp32c3" },
  esp32: { small: "sim-esp32", large: "sim-esp32" },
  esp32s3: { small: "sim-esp32s3", large: "sim-esp32s3" },
};
type Port = keyof typeof boardsOf;

/** "8", or "posix:4,mps2:2": how many boards of each port. @throws FtteError "usage" */
function demoBoards(text: string): Map<Port, number> {
  const counts = new Map<Port, number>();
  for (const part of text.split(",")) {
    const [, port = "posix", count] = /^(?:(\w+):)?(\d{1,4})$/.exec(part.trim()) ?? [];
    if (count === undefined || !(port in boardsOf) || counts.has(port as Port) || Number(count) === 0)
      throw new FtteError("usage", `--boards takes a number, or ${Object.keys(boardsOf).join(":4,")}:2, not ${text}`);
    counts.set(port as Port, Number(count));
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count);
  if (all < 2 || all > 1000) throw new FtteError("usage", `--boards takes 2 to 1000 boards, not ${all}`);
  return counts;
}

/** Half of the boards in each class. Of virtual ones the last of each class is slow; emulated ones run as fast as they can. */
function fleetOf(port: Port, boards: number): FleetEntry[] {
  const half = Math.ceil(boards / 2);
  const small = { board: boardsOf[port].small, budget: "20k", count: half };
  const large = { board: boardsOf[port].large, train: "all" as const, count: boards - half };
  const entries: FleetEntry[] = port === "posix" ? [...slowLast(small, 64), ...slowLast(large, 92)] : [small, large];
  return entries.filter(({ count = 1 }) => count > 0);
}

const slowLast = (entry: FleetEntry & { count: number }, battery: number): FleetEntry[] => [
  { ...entry, count: entry.count - 1, battery },
  { ...entry, count: Math.min(entry.count, 1), speed: 0.1, battery: 31 },
];

const boardCount = ({ fleet }: { fleet: readonly { count?: number | undefined }[] }) =>
  fleet.reduce((sum, { count = 1 }) => sum + count, 0);

function demoConfig(options: DemoOptions): ResolvedConfig {
  const { boards, seed, deterministic, minutes = defaultMinutes } = options;
  if (minutes <= 0) throw new FtteError("usage", "--minutes takes a number above 0");
  const fleet = [...demoBoards(boards)].flatMap(([port, count]) => fleetOf(port, count));
  const config: FtteConfig = {
    name: "demo",
    model: "image-cnn",
    data: { kind: "mnist", train: 12_000, test: 4_000 },
    partition: { kind: "dirichlet", alpha: 0.5 },
    firstModel: { samples: 600, epochs: 8 },
    fleet,
    training: { steps: 60, learningRate: 0.01, checkpointEvery: 50 },
    strategy: { name: "ftte" },
    refreshFrozenEvery: 8,
    stop: deterministic ? { versions: deterministicVersions } : { minutes },
    seed,
  };
  return resolveConfig(config, "the demo's config");
}

/** The same boards, all large enough to hold the whole model, and in step. */
function baselineConfig(config: ResolvedConfig): ResolvedConfig {
  const large = new Map<string, string>(Object.values(boardsOf).map((boards) => [boards.small, boards.large]));
  const fleet = config.fleet.map(({ budget: _budget, board, ...entry }) => ({
    ...entry,
    board: large.get(board) ?? board,
    train: "all" as const,
  }));
  return { ...config, fleet, strategy: { name: "fedavg" }, refreshFrozenEvery: 0 };
}

/** How far the run is when a board loses its link, and when another one loses its power. */
const disturbedAt = { link: 0.3, power: 0.35 };

/** Pulls one board's plug and cuts another one's power while it trains, and says so. */
class Disturber {
  private boards: BoardProcess[] = [];
  private plugs: Plugs | undefined;
  private seconds = 0;
  private version = 0;
  private unplugged = false;
  private cut = false;
  private pending: Promise<void> = Promise.resolve();

  constructor(
    private readonly stop: ResolvedConfig["stop"],
    private readonly listener: (event: RunEvent) => void,
  ) {}

  begin(boards: BoardProcess[], plugs: Plugs): void {
    this.boards = boards;
    this.plugs = plugs;
  }

  /** Waits for what is under way, so that no board is left without its plug. */
  async end(): Promise<void> {
    await this.pending;
  }

  on(event: RunEvent): void {
    this.seconds = event.seconds;
    if (event.type === "version") this.version = event.version;
    if (event.type !== "progress" || event.step === 0 || !this.plugs) return;
    const [first] = this.boards;
    const second = this.boards.at(Math.floor(this.boards.length / 2));
    if (!this.unplugged && event.board === first?.chipId && this.share >= disturbedAt.link) {
      this.unplugged = true;
      this.do(() => this.unplug(first));
    } else if (!this.cut && event.board === second?.chipId && second !== first && this.share >= disturbedAt.power) {
      this.cut = true;
      this.do(() => this.powerCut(second));
    }
  }

  /** Of the run that is over. */
  private get share(): number {
    const { versions, minutes = 1 } = this.stop;
    return versions === undefined ? this.seconds / (minutes * 60) : this.version / versions;
  }

  private tell(text: string): void {
    this.listener({ type: "notice", seconds: this.seconds, text });
  }

  private do(work: () => Promise<void>): void {
    this.pending = Promise.all([this.pending, work()]).then(() => {});
  }

  private async unplug(board: BoardProcess): Promise<void> {
    this.tell(`${board.name}: its link is gone, for 8 seconds`);
    await this.plugs!.unplug(board);
    await new Promise((done) => setTimeout(done, 8000));
    this.plugs!.replug(board);
    this.tell(`${board.name}: its link is back`);
  }

  private async powerCut(board: BoardProcess): Promise<void> {
    this.tell(`${board.name}: killed in the middle of training`);
    await board.kill();
    await new Promise((done) => setTimeout(done, 3000));
    await board.start();
    this.tell(`${board.name}: starts again with what its flash holds`);
  }
}

interface Attempt {
  folder: string;
  config: ResolvedConfig;
  options: DemoOptions;
  signal: AbortSignal;
  shards?: Partition;
}

async function attempt({ folder, config, options, signal, shards }: Attempt): Promise<RunOutcome> {
  const store = openStore(folder);
  const output = runOutput(options.json);
  const disturber = new Disturber(config.stop, (event) => output.on(event));
  try {
    const frozen: FrozenConfig = { config, deterministic: options.deterministic ?? false };
    const record = store.createRun(config.name, JSON.stringify(frozen));
    return await runTraining({
      projectFolder: folder,
      store,
      record,
      resumed: false,
      signal,
      ...(shards && { shards }),
      on: (event) => {
        output.on(event);
        disturber.on(event);
      },
      onBoards: (boards, plugs) => disturber.begin(boards, plugs),
      beforeEnd: () => disturber.end(),
    });
  } finally {
    output.close();
    store.close();
  }
}

export async function demo(options: DemoOptions): Promise<void> {
  const config = demoConfig(options);
  const svg = resolve(options.svg);
  writeText(svg, ""); // a mistake in the path shows now, not in two minutes
  const folder = options.keep === undefined ? mkdtempSync(join(tmpdir(), "ftte-demo-")) : resolve(options.keep);
  const { signal, stop } = interruptible();
  try {
    say(
      options.json,
      `${boardCount(config)} virtual boards train one digit recogniser together; seed ${options.seed}.`,
    );
    const outcome = await attempt({ folder, config, options, signal });
    const curves: Curve[] = [{ name: "ftte", points: outcome.curve }];
    let baseline: RunOutcome | undefined;
    if (options.compare && !signal.aborted) {
      say(
        options.json,
        "\nThe same boards again: synchronous FedAvg of the full model, on boards large enough for it.",
      );
      baseline = await attempt({ folder, config: baselineConfig(config), options, signal, shards: outcome.shards });
      curves.push({ name: "fedavg, full model", points: baseline.curve });
    }
    writeText(svg, await curveSvg(curves, `${boardCount(config)} virtual boards, MNIST, accuracy over time`));
    const comparison = baseline && compare(outcome, baseline);
    say(options.json, resultText(outcome, comparison));
    say(options.json, `\nThe curve is in ${svg}${options.keep === undefined ? "" : `; the run's state in ${folder}`}.`);
    if (options.json) sayJson(resultJson(outcome, comparison));
    if (signal.aborted) process.exitCode = exitStatus.interrupted;
  } finally {
    stop();
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
