// A model's layers with their shapes, geometry and parameters worked out, and its mistakes found. Shapes are (H,W,C); a 1-D signal has
// H = 1, a vector H = W = 1.

import { FtteError } from "../errors.ts";
import { beyondBoards } from "./limits.ts";
import type { ActivationName, Layer, Model, Parameter } from "./types.ts";

export interface Shape {
  h: number;
  w: number;
  c: number;
}
export const size = (s: Shape): number => s.h * s.w * s.c;

export interface Geometry {
  kh: number;
  kw: number;
  sh: number;
  sw: number;
  ph: number;
  pw: number;
}

/** A layer with everything known. `conv` covers dense ones too: kh = kw = 1 on a (1,1,I) input. */
export interface LayerShape {
  index: number;
  name: string;
  kind:
    | "dense"
    | "conv"
    | "depthwise"
    | "maxPool"
    | "averagePool"
    | "activation"
    | "scaleBias"
    | "residual"
    | "flatten";
  input: Shape;
  output: Shape;
  geometry: Geometry;
  activation?: ActivationName;
  from?: number; // residual: the layer whose output is added
  parameters: Parameter[];
}

export interface ModelShape {
  model: Model;
  input: Shape;
  layers: LayerShape[];
  parameters: Parameter[];
  parameterCount: number;
}

const unit: Geometry = { kh: 1, kw: 1, sh: 1, sw: 1, ph: 0, pw: 0 };

function inputShape(shape: number[]): Shape {
  const [a = 1, b = 1, c = 1] = shape;
  if (shape.length === 1) return { h: 1, w: 1, c: a };
  return shape.length === 2 ? { h: 1, w: a, c: b } : { h: a, w: b, c };
}

/** Output size and zeros before the first position, along one axis ("same" as TensorFlow: the output has ceil(input / stride) positions). */
function along(input: number, kernel: number, stride: number, same: boolean): { output: number; before: number } {
  if (!same) return { output: Math.floor((input - kernel) / stride) + 1, before: 0 };
  const output = Math.ceil(input / stride);
  return { output, before: Math.max(0, (output - 1) * stride + kernel - input) >> 1 };
}

interface Window {
  kernel: [number, number];
  stride: [number, number];
  same: boolean;
}

/** The window of a layer that has one; 1-D layers slide along the width. */
function windowOf(layer: Layer, input: Shape): Window | undefined {
  switch (layer.kind) {
    case "conv1d":
    case "depthwise1d":
      return { kernel: [1, layer.kernel], stride: [1, layer.stride ?? 1], same: layer.padding === "same" };
    case "conv2d":
    case "depthwise2d":
      return { kernel: layer.kernel, stride: layer.stride ?? [1, 1], same: layer.padding === "same" };
    case "maxPool1d":
    case "averagePool1d":
      return { kernel: [1, layer.size], stride: [1, layer.stride ?? layer.size], same: false };
    case "maxPool2d":
    case "averagePool2d":
      return { kernel: layer.size, stride: layer.stride ?? layer.size, same: false };
    case "globalAveragePool":
      return { kernel: [input.h, input.w], stride: [1, 1], same: false };
    default:
      return undefined;
  }
}

const kinds: Record<Layer["kind"], LayerShape["kind"]> = {
  dense: "dense",
  conv1d: "conv",
  conv2d: "conv",
  depthwise1d: "depthwise",
  depthwise2d: "depthwise",
  maxPool1d: "maxPool",
  maxPool2d: "maxPool",
  averagePool1d: "averagePool",
  averagePool2d: "averagePool",
  globalAveragePool: "averagePool",
  activation: "activation",
  scaleBias: "scaleBias",
  residual: "residual",
  flatten: "flatten",
};

class Shaper {
  readonly layers: LayerShape[] = [];
  readonly parameters: Parameter[] = [];
  private offset = 0;

  constructor(private readonly model: Model) {}

  fail(index: number, text: string): never {
    const layer = this.model.layers[index];
    throw new FtteError(
      "model-invalid",
      `model ${this.model.name}, layer ${index} (${layer?.kind ?? "none"}): ${text}`,
    );
  }

  add(layer: Layer, index: number, input: Shape): Shape {
    const base = { index, name: layer.name ?? `${layer.kind}${index}`, kind: kinds[layer.kind], input, parameters: [] };
    if (base.kind === undefined) this.fail(index, "there is no such kind of layer");
    if (this.layers.some((l) => l.name === base.name)) this.fail(index, `the name ${base.name} is taken`);
    const { output, geometry } = this.geometry(layer, index, input);
    const shape: LayerShape = { ...base, output, geometry };
    if ("activation" in layer && layer.activation) shape.activation = layer.activation;
    if (layer.kind === "residual") shape.from = this.source(layer.from, index, input);
    const beyond = beyondBoards(shape);
    if (beyond) this.fail(index, beyond);
    this.layers.push(shape);
    this.addParameters(shape);
    return output;
  }

  private geometry(layer: Layer, index: number, input: Shape): { output: Shape; geometry: Geometry } {
    if (layer.kind === "dense") return { output: { h: 1, w: 1, c: layer.units }, geometry: unit };
    if (layer.kind === "flatten") return { output: { h: 1, w: 1, c: size(input) }, geometry: unit };
    const window = windowOf(layer, input);
    if (!window) return { output: input, geometry: unit };
    const [kh, kw] = window.kernel;
    const [sh, sw] = window.stride;
    if (!window.same && (kh > input.h || kw > input.w))
      this.fail(index, `a window of ${kh}×${kw} does not fit an input of ${input.h}×${input.w}`);
    if (kinds[layer.kind] === "maxPool" && kh * kw > 255)
      this.fail(index, `a pool's window holds at most 255 elements, not ${kh * kw}`);
    const rows = along(input.h, kh, sh, window.same);
    const columns = along(input.w, kw, sw, window.same);
    const c = "filters" in layer ? layer.filters : input.c;
    const geometry = { kh, kw, sh, sw, ph: rows.before, pw: columns.before };
    return { output: { h: rows.output, w: columns.output, c }, geometry };
  }

  private source(from: string, index: number, input: Shape): number {
    const source = this.layers.find((l) => l.name === from);
    if (!source) this.fail(index, `there is no earlier layer named ${from}`);
    const { h, w, c } = source.output;
    if (h !== input.h || w !== input.w || c !== input.c)
      this.fail(index, `adds ${from} of shape ${h}×${w}×${c} to ${input.h}×${input.w}×${input.c}`);
    return source.index;
  }

  private addParameters(shape: LayerShape): void {
    const { kh, kw } = shape.geometry;
    const channels = shape.output.c;
    if (shape.kind === "dense") this.addParameter(shape, "weights", [channels, size(shape.input)]);
    if (shape.kind === "conv") this.addParameter(shape, "weights", [channels, kh, kw, shape.input.c]);
    if (shape.kind === "depthwise") this.addParameter(shape, "weights", [kh, kw, channels]);
    if (shape.kind === "scaleBias") this.addParameter(shape, "scale", [channels]);
    if (shape.parameters.length > 0) this.addParameter(shape, "bias", [channels]);
  }

  private addParameter(layer: LayerShape, role: Parameter["role"], shape: number[]): void {
    const count = shape.reduce((a, b) => a * b, 1);
    const parameter = { name: `${layer.name}.${role}`, layer: layer.index, role, shape, offset: this.offset, count };
    this.offset += count;
    layer.parameters.push(parameter);
    this.parameters.push(parameter);
  }
}

/** @throws FtteError "model-invalid" naming the layer and what is wrong with it */
export function shapeModel(model: Model): ModelShape {
  const shaper = new Shaper(model);
  const input = inputShape(model.input.shape);
  if (model.layers.length === 0) throw new FtteError("model-invalid", `model ${model.name} has no layers`);
  let shape = input;
  model.layers.forEach((layer, index) => {
    shape = shaper.add(layer, index, shape);
  });
  const last = model.layers.length - 1;
  if (shape.h * shape.w !== 1 && model.kind === "classifier")
    shaper.fail(last, "a classifier ends with a vector; add a dense layer or a global pool");
  if (model.kind === "autoencoder" && size(shape) !== size(input))
    shaper.fail(last, `an autoencoder gives back its input's ${size(input)} elements, not ${size(shape)}`);
  const parameterCount = shaper.parameters.reduce((sum, p) => sum + p.count, 0);
  return { model, input, layers: shaper.layers, parameters: shaper.parameters, parameterCount };
}
