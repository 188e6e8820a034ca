// From a config to what a run needs: data dealt out, one plan per part of the fleet, the first model. Deterministic: the same config
// gives the same everything, so a resumed run prepares itself again instead of storing it.

import { resolve } from "node:path";
import { type BoardConfig, loadBoardConfig } from "../boards/config.ts";
import { memoryBudget, partsOf } from "../build/memory.ts";
import type { Engine } from "../build/port.ts";
import { cifar10 } from "../data/cifar10.ts";
import { csv } from "../data/csv.ts";
import { normalisationOf, sampleBytes, subset } from "../data/dataset.ts";
import { hapt } from "../data/hapt.ts";
import { mitbih } from "../data/mitbih.ts";
import { mnist } from "../data/mnist.ts";
import { byUser, dirichlet, shards } from "../data/partition.ts";
import { seeded, shuffle } from "../data/random.ts";
import { holdOutEnds, holdOutShareOfSamples, holdOutShareOfUsers, holdOutUsers } from "../data/split.ts";
import { type Dataset, type Partition, sampleHeaderBytes } from "../data/types.ts";
import { FtteError } from "../errors.ts";
import { planModel } from "../plan/plan.ts";
import { referenceModels } from "../plan/reference_models.ts";
import { planTiers } from "../plan/select.ts";
import { shapeModel } from "../plan/shapes.ts";
import type { Model, Normalisation, Plan, TrainingOptions } from "../plan/types.ts";
import type { UpdateEncoding } from "../plan/update_rows.ts";
import { pretrain } from "../sim/pretrain.ts";
import { parseBytes, type ResolvedConfig } from "./config_schema.ts";
import { fitsFlash, requireFlash } from "./flash_room.ts";

type FleetEntry = ResolvedConfig["fleet"][number];

/** Boards of one kind that train the same. */
export interface FleetPart {
  entry: FleetEntry;
  board: BoardConfig;
  /** The board class; with what it trains behind it where one class trains different things. */
  label: string;
  plan: Plan;
}

export interface RunData {
  train: Dataset; // dealt out to boards
  test: Dataset; // held out
  host: Dataset; // the host's own share, for the first model
  normalisation: Normalisation;
}

export function modelOf(config: ResolvedConfig): Model {
  return (typeof config.model === "string" ? referenceModels[config.model] : config.model) as Model;
}

/** What `plan` gives; where it is too large for the board, its error goes on to name every part of the board's RAM. */
function planOn<T>(board: BoardConfig, engine: Engine, plan: () => T): T {
  try {
    return plan();
  } catch (cause) {
    if (!(cause instanceof FtteError) || cause.code !== "plan-too-large") throw cause;
    throw new FtteError("plan-too-large", `${cause.message}. ${partsOf(board, engine)}`, { cause });
  }
}

/** What of the training options the plan depends on. */
export function trainingOf({ training }: ResolvedConfig): Required<TrainingOptions> {
  const { momentum, weightDecay, clipNorm, microBatch } = training;
  return { momentum, weightDecay, clipNorm, microBatch };
}

/** The share of a row that top-k updates have unless the config says another. */
const defaultKept = 1 / 8;

/** How the run's updates are encoded. A share is rounded to 256ths, of which it is one at least. */
export function encodingOf({ training }: Pick<ResolvedConfig, "training">): UpdateEncoding {
  const { encoding, kept = defaultKept } = training;
  return encoding === "top-k" ? { topK: Math.max(1, Math.round(256 * kept)) } : encoding;
}

/** An update whose L2 norm is larger is refused: no honest task moves a wearable's model so far. */
export const normLimit = 1e3;

/** How many virtual boards an entry asks for: none when it names ports. */
export const virtualCount = ({ entry }: FleetPart): number => (entry.ports ? 0 : (entry.count ?? 1));

/** The name of the run's virtual board `index`, from 0. */
export const virtualName = (index: number): string => `wrist-${String(index + 1).padStart(2, "0")}`;

/** Where a fleet entry's plan has to fit. */
export interface Place {
  board: BoardConfig;
  engine: Engine;
  /** What the board leaves for an arena, or less where the entry says so. */
  budgetBytes: number;
}

/** @throws FtteError "config-invalid" for an unknown board */
export function placeOf({ board: id, engine = "wasm3", budget }: FleetEntry): Place {
  const board = loadBoardConfig(id);
  const limit = memoryBudget(board, engine).arena;
  return { board, engine, budgetBytes: budget === undefined ? limit : Math.min(limit, parseBytes(budget)) };
}

/**
 * One part per fleet entry.
 * @throws FtteError "plan-too-large" when a part's plan does not fit its board, naming the parts of its RAM; "config-invalid" for unknown
 * boards
 */
export function planFleet(config: ResolvedConfig): FleetPart[] {
  const model = modelOf(config);
  const training = trainingOf(config);
  const encoding = encodingOf(config);
  const places = config.fleet.map(placeOf);
  const boards = places.map(({ board }) => board);
  const engines = places.map(({ engine }) => engine);
  const budgets = places.map(({ budgetBytes }) => budgetBytes);
  const chosen = config.fleet.flatMap((entry, i) => (entry.train === undefined ? [i] : []));
  // The tightest is the one that cannot be served.
  const tightest = chosen.reduce((a, b) => (budgets[b]! < budgets[a]! ? b : a), chosen[0] ?? 0);
  const tiers = planOn(boards[tightest]!, engines[tightest]!, () =>
    planTiers(
      model,
      chosen.map((i) => budgets[i]!),
      {
        training,
        fits: (plan, budget) => boards.every((board, i) => budgets[i] !== budget || fitsFlash(board, plan, encoding)),
      },
    ),
  );
  const parts = config.fleet.map((entry, i): FleetPart => {
    const board = boards[i]!;
    const { train } = entry;
    const plan =
      train === undefined
        ? tiers[chosen.indexOf(i)]!
        : planOn(board, engines[i]!, () => planModel(model, { training, budgetBytes: budgets[i]!, selection: train }));
    requireFlash(board, plan, encoding);
    return { entry, board, plan, label: board.class };
  });
  const differs = (a: FleetPart, b: FleetPart) => a.label === b.label && a.plan.planCrc !== b.plan.planCrc;
  return parts.map((part, i) =>
    parts.some((other) => differs(part, other)) ? { ...part, label: `${part.label} #${i + 1}` } : part,
  );
}

const limitsOf = ({ train, test }: { train?: number | undefined; test?: number | undefined }) => ({
  ...(train !== undefined && { train }),
  ...(test !== undefined && { test }),
});

function loadData(config: ResolvedConfig, folder: string): { train: Dataset; test: Dataset } {
  const { data } = config;
  switch (data.kind) {
    case "mnist":
      return mnist(limitsOf(data));
    case "cifar10":
      return cifar10(resolve(folder, data.path), limitsOf(data));
    case "hapt":
      return hapt(resolve(folder, data.path));
    case "mitbih":
      return mitbih(resolve(folder, data.path), data);
    case "csv": {
      const { user, testUsers, testShare = 0.2, ...rest } = data;
      const whole = csv({ ...rest, ...(user && { user }), path: resolve(folder, data.path) });
      if (testUsers) return holdOutUsers(whole, testUsers);
      if (user) return holdOutShareOfUsers(whole, testShare, seeded(config.seed));
      if (data.hop < data.window) return holdOutEnds(whole, testShare, Math.ceil(data.window / data.hop) - 1);
      return holdOutShareOfSamples(whole, testShare, seeded(config.seed));
    }
  }
}

/** The host's own samples, or users, drawn at random; the others are for the boards. */
function hostShare({ firstModel, seed }: ResolvedConfig, all: Dataset): { host: Dataset; train: Dataset } {
  const random = seeded(seed ^ 0x5eed);
  const order = shuffle(
    Uint32Array.from({ length: all.count }, (_, i) => i),
    random,
  );
  if (firstModel.users === 0) {
    const samples = Math.min(firstModel.samples, all.count);
    return { host: subset(all, order.slice(0, samples)), train: subset(all, order.slice(samples)) };
  }
  const users = new Set(shuffle(Uint16Array.from(new Set(all.users)).sort(), random).subarray(0, firstModel.users));
  const isHost = (i: number) => users.has(all.users[i]!);
  return {
    host: subset(all, order.filter(isHost)),
    train: subset(
      all,
      order.filter((i) => !isHost(i)),
    ),
  };
}

/** @throws FtteError "data-invalid" when the data does not fit the model, or nothing is left to train or test on */
export function loadRunData(config: ResolvedConfig, folder: string): RunData {
  const model = modelOf(config);
  const { train: all, test } = loadData(config, folder);
  const shape = [...model.input.shape];
  if (all.shape.join() !== shape.join() && all.shape.join() !== [...shape, 1].join())
    throw new FtteError(
      "data-invalid",
      `${all.name} has samples of shape ${all.shape.join("×")}, model ${model.name} takes ${shape.join("×")}`,
    );
  if (all.type !== model.input.type)
    throw new FtteError(
      "data-invalid",
      `${all.name} holds ${all.type}, model ${model.name} takes ${model.input.type}; change the model's input type`,
    );
  const outputs = shapeModel(model).layers.at(-1)!.output.c;
  if (model.kind === "classifier" && all.classes.length > outputs)
    throw new FtteError(
      "data-invalid",
      `${all.name} has ${all.classes.length} classes, model ${model.name} has ${outputs} outputs`,
    );
  const { host, train } = hostShare(config, all);
  if (train.count === 0 || test.count === 0)
    throw new FtteError("data-invalid", `${all.name}: nothing is left to ${train.count ? "test" : "train"} on`);
  return { train, test, host, normalisation: normalisationOf(all) };
}

/** How many samples a board's log holds: each record, padded to 4, and its mark; two header pages. */
function sampleCapacity(board: BoardConfig, data: Dataset): number {
  const unit = Math.max(4, board.flash.programBytes);
  const record = Math.ceil((sampleHeaderBytes + sampleBytes(data)) / unit) * unit + unit;
  return Math.floor((board.sampleBytes - 2 * board.flash.pageBytes) / record);
}

/** One shard per virtual board, no larger than its sample log; real boards have their own. */
export function dealData(config: ResolvedConfig, data: RunData, boards: readonly BoardConfig[]): Partition {
  if (boards.length === 0) return [];
  const random = seeded(config.seed ^ 0xdea1);
  const { partition } = config;
  const dealt =
    partition.kind === "dirichlet"
      ? dirichlet(data.train, boards.length, partition.alpha, random)
      : partition.kind === "by-user"
        ? byUser(data.train, boards.length, random)
        : shards(data.train, boards.length, partition.perBoard, random);
  return dealt.map((shard, i) => shard.subarray(0, sampleCapacity(boards[i]!, data.train)));
}

/** @param kernels bytes of kernels.twin.wasm */
export function firstModel(config: ResolvedConfig, data: RunData, kernels: Uint8Array): Float32Array {
  const { epochs, learningRate } = config.firstModel;
  return pretrain(kernels, modelOf(config), data.host, data.normalisation, { epochs, learningRate, seed: config.seed });
}
