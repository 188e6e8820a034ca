// The data sets of the experiments: network, data, how it is dealt out, first model, task. And the fleets that each strategy's boards form on
// them. Nothing here is tuned; what is tuned, and over which grid, is in strategies.ts.

import type { DataConfig, FleetEntry, FtteConfig, PartitionConfig } from "../../host/cli/config.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import type { Layer, LayerSelection, Model } from "../../host/plan/types.ts";

export interface Setting {
  name: string;
  model: Model;
  data: (clients: number) => DataConfig;
  /** How the data is dealt out: the first is the experiment's, the others are for comparison. */
  partitions: { name: string; config: PartitionConfig }[];
  /** The host's own data, and the model that it trains with it: the same for every strategy. */
  firstModel: NonNullable<FtteConfig["firstModel"]>;
  firstModelText: string;
  steps: number; // of a task: about one pass over a client's samples
  learningRates: readonly [number, number]; // the grid's
  tunedWith: number; // clients
  measurements: number; // of the model over a run
  /** What a small board trains: one subset for all of them, and subsets that the small boards take in turn. */
  subset: LayerSelection[];
  inTurn: LayerSelection[][];
  /** Arena of a small board in bytes; its first layers are computed in stripes to fit. */
  smallArena: number;
}

const conv2d = (filters: number, kernel: number, stride: number): Layer => {
  return { kind: "conv2d", filters, kernel: [kernel, kernel], stride: [stride, stride], activation: "relu" };
};
const whole = (layer: number): LayerSelection => ({ layer, bias: true, weights: "all" });

/** Subsets of `count` input channels of a layer that together are all of them, each with `others`. */
function channelsInTurn(layer: number, channels: number, count: number, others: LayerSelection[]): LayerSelection[][] {
  return Array.from({ length: channels / count }, (_, k) => [
    { layer, bias: true, weights: Array.from({ length: count }, (_, i) => k * count + i) },
    ...others,
  ]);
}

const digits: Model = {
  name: "digits-cnn",
  kind: "classifier",
  input: { shape: [28, 28, 1], type: "u8" },
  layers: [
    conv2d(8, 5, 2),
    conv2d(20, 3, 2),
    conv2d(32, 3, 1),
    { kind: "globalAveragePool" },
    { kind: "dense", units: 10 },
  ],
};

const mnist: Setting = {
  name: "MNIST",
  model: digits,
  // As many samples for a client whatever their number.
  data: (clients) => ({ kind: "mnist", train: Math.min(60_000, 1200 + clients * 118), test: 4000 }),
  partitions: [
    { name: "Dirichlet 0.5", config: { kind: "dirichlet", alpha: 0.5 } },
    { name: "IID", config: { kind: "dirichlet", alpha: 1e4 } },
  ],
  firstModel: { samples: 1200, epochs: 8, learningRate: 0.02 },
  firstModelText: "1,200 digits, 2 % of all",
  steps: 100,
  learningRates: [0.01, 0.03],
  tunedWith: 100,
  measurements: 25,
  subset: channelsInTurn(2, 20, 2, [whole(4)])[0]!,
  inTurn: channelsInTurn(2, 20, 2, [whole(4)]),
  smallArena: 9000,
};

const motion: Model = {
  name: "motion-cnn",
  kind: "classifier",
  input: { shape: [128, 6], type: "i16" },
  layers: [
    { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
    { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
    { kind: "globalAveragePool" },
    { kind: "dense", units: 6 },
  ],
};

const motionsInTurn = channelsInTurn(0, 6, 2, [{ layer: 1, bias: true, weights: "none" }, whole(3)]);

/** @param path the folder with RawData/ */
const hapt = (path: string): Setting => ({
  name: "HAPT",
  model: motion,
  data: () => ({ kind: "hapt", path }),
  partitions: [
    { name: "by subject", config: { kind: "by-user" } },
    { name: "IID", config: { kind: "dirichlet", alpha: 1e4 } },
  ],
  firstModel: { users: 5, epochs: 20, learningRate: 0.01 },
  firstModelText: "all windows of 5 of 21 people",
  steps: 30,
  learningRates: [0.005, 0.015],
  tunedWith: 500,
  measurements: 25,
  subset: motionsInTurn[0]!,
  inTurn: motionsInTurn,
  smallArena: 4000,
});

/** @param path the folder with the package's tarball */
const cifar10 = (path: string): Setting => ({
  name: "CIFAR-10",
  model: referenceModels["cifar-cnn"],
  data: (clients) => ({ kind: "cifar10", path, train: Math.min(50_000, 2500 + clients * 95), test: 2000 }),
  partitions: [
    { name: "Dirichlet 0.5", config: { kind: "dirichlet", alpha: 0.5 } },
    { name: "IID", config: { kind: "dirichlet", alpha: 1e4 } },
  ],
  firstModel: { samples: 2500, epochs: 12, learningRate: 0.015 },
  firstModelText: "2,500 images, 5 % of all",
  steps: 80,
  learningRates: [0.01, 0.02],
  tunedWith: 100,
  measurements: 25,
  subset: channelsInTurn(4, 20, 4, [whole(6)])[0]!,
  inTurn: channelsInTurn(4, 20, 4, [whole(6)]),
  smallArena: 20_400,
});

/** Where the data sets that the product does not bring lie; undefined where they are absent. */
export interface Sources {
  hapt: string | undefined;
  cifar10: string | undefined;
}

export function settingsOf({ hapt: haptAt, cifar10: cifarAt }: Sources): Setting[] {
  return [mnist, ...(haptAt ? [hapt(haptAt)] : []), ...(cifarAt ? [cifar10(cifarAt)] : [])];
}

// ---- fleets ----

/** Every board holds and trains the whole model. */
export const fullFleet = (_setting: Setting, clients: number): FleetEntry[] => [
  { board: "virtual-1m", count: clients, train: "all" },
];

/** Every board trains the one subset that fits the smallest. */
export const subsetFleet = ({ subset, smallArena }: Setting, clients: number): FleetEntry[] => [
  { board: "virtual-64k", count: clients, train: subset, budget: smallArena },
];

/** Every board is a small one; they train subsets in turn, so that the fleet trains more than any of them holds. */
export function inTurnFleet({ inTurn, smallArena }: Setting, clients: number): FleetEntry[] {
  const count = (k: number) => Math.floor(clients / inTurn.length) + (k < clients % inTurn.length ? 1 : 0);
  return inTurn
    .map((train, k) => ({ board: "virtual-64k", count: count(k), train, budget: smallArena }))
    .filter((entry) => entry.count > 0);
}

/** Half of the boards are large and train everything, the others small. */
export function tieredFleet(setting: Setting, clients: number): FleetEntry[] {
  const large = Math.floor(clients / 2);
  return [{ board: "virtual-1m", count: large, train: "all" }, ...inTurnFleet(setting, clients - large)];
}
