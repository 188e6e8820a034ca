// What a model is, what may be trained of it, and what the planner makes of both. Pure data: no I/O here.

import type { SampleType } from "../wire/spec.gen.ts";
import type { FrozenEntry } from "./frozen.ts";

export type ActivationName = "relu" | "relu6" | "sigmoid" | "tanh";

/** A layer of a model. `name` must be unique where it is given; residual layers refer to it. Defaults: stride 1, padding "valid". */
export type Layer = { name?: string } & (
  | { kind: "dense"; units: number; activation?: ActivationName }
  | {
      kind: "conv1d";
      filters: number;
      kernel: number;
      stride?: number;
      padding?: "valid" | "same";
      activation?: ActivationName;
    }
  | {
      kind: "conv2d";
      filters: number;
      kernel: [number, number];
      stride?: [number, number];
      padding?: "valid" | "same";
      activation?: ActivationName;
    }
  | { kind: "depthwise1d"; kernel: number; stride?: number; padding?: "valid" | "same"; activation?: ActivationName }
  | {
      kind: "depthwise2d";
      kernel: [number, number];
      stride?: [number, number];
      padding?: "valid" | "same";
      activation?: ActivationName;
    }
  | { kind: "maxPool1d" | "averagePool1d"; size: number; stride?: number }
  | { kind: "maxPool2d" | "averagePool2d"; size: [number, number]; stride?: [number, number] }
  | { kind: "globalAveragePool" }
  | { kind: "activation"; activation: ActivationName }
  | { kind: "scaleBias" } // a folded batch norm: y = x * scale + bias per channel
  | { kind: "residual"; from: string; activation?: ActivationName } // y = x + output of the layer `from`
  | { kind: "flatten" }
);

/** Channels last: [length, channels], [height, width, channels] or [features]. */
export interface Model {
  name: string;
  kind: "classifier" | "autoencoder";
  input: { shape: number[]; type: keyof typeof SampleType };
  layers: Layer[];
}

/** A trainable tensor of a model, at its place in the one flat vector of all parameters. */
export interface Parameter {
  name: string; // "<layer>.weights", ".bias", ".scale"
  layer: number;
  role: "weights" | "bias" | "scale";
  shape: number[]; // weights (O,I), (O,KH,KW,I) or depthwise (KH,KW,C); bias and scale (C)
  offset: number; // in the flat vector
  count: number;
}

/** Normalisation of a sample's elements, learned on training users only: x = element * scale[c] + offset[c]. */
export interface Normalisation {
  scale: number[]; // one per input channel
  offset: number[];
}

/** What one board class trains of a layer. `channels`: the input channels whose weights are trained, ascending, or "all". */
export interface LayerSelection {
  layer: number;
  bias: boolean;
  weights: "none" | "all" | number[];
}
export type Selection = LayerSelection[];

export interface TrainingOptions {
  momentum?: number; // 0
  weightDecay?: number; // 0
  clipNorm?: number; // 0 = no clipping, per tensor
  microBatch?: number; // 1
}

/** A tensor in the arena. Times count ops: forward, then infer, then train, then apply, then encode; `to` is inclusive. */
export interface PlannedTensor {
  name: string;
  offset: number;
  bytes: number;
  from: number;
  to: number;
  role: "plan" | "parameter" | "momentum" | "gradient" | "activation" | "saved" | "mask" | "scratch" | "anomaly";
}

/** Rows of the slice: what is quantised with one scale. `parameters` maps slice elements to the flat vector, run by run. */
export interface SliceSegment {
  parameter: string;
  rows: number;
  rowElements: number;
  sliceOffset: number; // in elements
}
export interface SliceRun {
  sliceOffset: number;
  modelOffset: number;
  count: number;
}

export interface Plan {
  model: Model;
  selection: Selection;
  binary: Uint8Array; // what the guest reads
  planCrc: number;
  memoryBytes: number; // arena: the plan itself and every tensor; linear memory is planAt + memoryBytes
  lowerBoundBytes: number; // what no packing could undercut
  packing: string; // the order that won
  tensors: PlannedTensor[];
  segments: SliceSegment[];
  runs: SliceRun[];
  sliceCount: number;
  frozen: FrozenEntry[];
  frozenBytes: number;
  parameters: Parameter[]; // of the whole model
  parameterCount: number;
  macs: { forward: number; backward: number };
}
