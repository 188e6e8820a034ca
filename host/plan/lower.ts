// From a model and a selection to ops and tensors (forward here, backward.ts the way back). Weights are bound to places first: trained
// ones in the arena's state, frozen ones in the flash image.

import { Activation } from "../wire/spec.gen.ts";
import { FrozenLayout, scaleCount, trainedChannels } from "./frozen.ts";
import { at, type Graph, type Operand, type Tensor } from "./graph.ts";
import { inputChannels, runsOf, sourceShape } from "./selection.ts";
import { type LayerShape, type ModelShape, type Shape, size } from "./shapes.ts";
import type { LayerSelection, Parameter, SliceRun, SliceSegment } from "./types.ts";

/** Where a layer's weights lie: a trained part, a frozen part, or both (channel-sparse). */
export interface BoundWeights {
  trained?: { at: Operand; parameter: Parameter; channels: number[] | "all"; sliceOffset: number; count: number };
  frozen?: { weights: Operand; scales?: Operand };
}

export interface Bound {
  weights: Map<number, BoundWeights>;
  vectors: Map<string, { at: Operand; trained: boolean; sliceOffset: number; count: number }>; // "<layer>.bias" and "<layer>.scale"
  normalisation: { scale: Operand; offset: Operand };
  frozen: FrozenLayout;
  segments: SliceSegment[];
  runs: SliceRun[];
  sliceCount: number;
}

/** Gives every parameter its place; the slice lists trained ones layer by layer, weights before biases. */
export function bindParameters(
  shape: ModelShape,
  selection: Map<number, LayerSelection>,
  state: Tensor,
  form: "int8" | "f32",
): Bound {
  const frozen = new FrozenLayout();
  const c = shape.input.c;
  const normalisation = {
    scale: { frozen: frozen.add("normalisation-scale", c * 4) },
    offset: { frozen: frozen.add("normalisation-offset", c * 4) },
  };
  const bound: Bound = {
    weights: new Map(),
    vectors: new Map(),
    normalisation,
    frozen,
    segments: [],
    runs: [],
    sliceCount: 0,
  };
  for (const layer of shape.layers)
    for (const parameter of layer.parameters) {
      const chosen = selection.get(layer.index);
      if (parameter.role === "weights") bindWeights(bound, shape, layer, parameter, chosen, state, form);
      else bindVector(bound, parameter, chosen, state);
    }
  return bound;
}

function bindVector(bound: Bound, parameter: Parameter, chosen: LayerSelection | undefined, state: Tensor): void {
  const trained = parameter.role === "bias" ? chosen?.bias === true : chosen?.weights === "all";
  const sliceOffset = bound.sliceCount;
  if (trained)
    addSlice(bound, parameter, 1, parameter.count, [
      { sliceOffset, modelOffset: parameter.offset, count: parameter.count },
    ]);
  const place: Operand = trained
    ? at(state, sliceOffset)
    : { frozen: bound.frozen.add("f32", parameter.count * 4, { parameter }) };
  bound.vectors.set(parameter.name, { at: place, trained, sliceOffset, count: parameter.count });
}

function bindWeights(
  bound: Bound,
  shape: ModelShape,
  layer: LayerShape,
  parameter: Parameter,
  chosen: LayerSelection | undefined,
  state: Tensor,
  form: "int8" | "f32",
): void {
  const weights: BoundWeights = {};
  const selected = chosen?.weights ?? "none";
  if (selected !== "none") weights.trained = bindTrained(bound, shape, layer, parameter, selected, state);
  if (selected !== "all")
    weights.frozen = bindFrozen(bound, inputChannels(shape, layer), parameter, trainedChannels(chosen), form);
  bound.weights.set(layer.index, weights);
}

function bindFrozen(
  bound: Bound,
  channelCount: number,
  parameter: Parameter,
  trained: number[] | undefined,
  form: "int8" | "f32",
) {
  const more = trained ? { parameter, trained, channelCount } : { parameter };
  if (form === "f32") return { weights: { frozen: bound.frozen.add("f32", parameter.count * 4, more) } };
  return {
    weights: { frozen: bound.frozen.add("int8", parameter.count, more) },
    scales: { frozen: bound.frozen.add("scales", scaleCount(parameter) * 4, more) },
  };
}

function bindTrained(
  bound: Bound,
  shape: ModelShape,
  layer: LayerShape,
  parameter: Parameter,
  selected: "all" | number[],
  state: Tensor,
) {
  const sliceOffset = bound.sliceCount;
  const rows = layer.kind === "depthwise" ? parameter.count / layer.output.c : parameter.shape[0]!;
  const channels = inputChannels(shape, layer);
  const picked = selected === "all" ? [{ start: 0, count: channels, index: 0 }] : runsOf(selected);
  const width = selected === "all" ? channels : selected.length;
  const runs: SliceRun[] = [];
  if (layer.kind === "depthwise") runs.push({ sliceOffset, modelOffset: parameter.offset, count: parameter.count });
  else
    for (let group = 0; group < parameter.count / channels; group++)
      for (const run of picked)
        runs.push({
          sliceOffset: sliceOffset + group * width + run.index,
          modelOffset: parameter.offset + group * channels + run.start,
          count: run.count,
        });
  const count = layer.kind === "depthwise" ? parameter.count : (parameter.count / channels) * width;
  addSlice(bound, parameter, rows, count / rows, runs);
  return { at: at(state, sliceOffset), parameter, channels: selected, sliceOffset, count };
}

function addSlice(bound: Bound, parameter: Parameter, rows: number, rowElements: number, runs: SliceRun[]): void {
  bound.segments.push({ parameter: parameter.name, rows, rowElements, sliceOffset: bound.sliceCount });
  bound.sliceCount += rows * rowElements;
  for (const run of runs) {
    const last = bound.runs.at(-1);
    const joins =
      last && last.sliceOffset + last.count === run.sliceOffset && last.modelOffset + last.count === run.modelOffset;
    if (joins) last.count += run.count;
    else bound.runs.push({ ...run });
  }
}

// ---- forward ----

/** What backward needs of a layer's forward pass. */
export interface Trace {
  layer: LayerShape;
  input: Tensor;
  output: Tensor;
  gathered?: Tensor; // the trained input channels of a channel-sparse layer
  mask?: Tensor;
  winner?: Tensor;
}

export const convArgs = (l: LayerShape): number[] => {
  const { kh, kw, sh, sw, ph, pw } = l.geometry;
  const { input: i, output: o } = l;
  return [i.h, i.w, i.c, o.h, o.w, o.c, kh, kw, sh, sw, ph, pw];
};
export const depthwiseArgs = (l: LayerShape): number[] => {
  const { kh, kw, sh, sw, ph, pw } = l.geometry;
  const { input: i, output: o } = l;
  return [i.h, i.w, i.c, o.h, o.w, kh, kw, sh, sw, ph, pw];
};
export const poolArgs = (l: LayerShape): number[] => depthwiseArgs(l).slice(0, 9);

/** A channel-sparse layer sees only its trained input channels. */
export function narrowed(l: LayerShape, shape: ModelShape, channels: number): LayerShape {
  if (l.kind !== "dense") return { ...l, input: { ...l.input, c: channels } };
  const source = sourceShape(shape, l);
  return { ...l, input: { h: 1, w: 1, c: source.h * source.w * channels } };
}

export class Forward {
  readonly traces: Trace[] = [];
  readonly input: Tensor;

  /**
   * @param deepest first layer whose backward pass is needed; layers.length when none is
   * @param suffix tells the two forward passes' tensors apart
   */
  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly bound: Bound,
    private readonly deepest: number,
    private readonly suffix: string,
  ) {
    this.input = this.tensor("input", shape.input);
    graph.emit(
      "input",
      at(this.input),
      size(shape.input),
      shape.input.c,
      bound.normalisation.scale,
      bound.normalisation.offset,
    );
  }

  private tensor(name: string, shape: Shape): Tensor {
    return this.graph.tensor(name + this.suffix, size(shape) * 4, "activation");
  }

  run(): Tensor {
    let x = this.input;
    for (const layer of this.shape.layers) {
      const trace = this.layer(layer, x);
      this.traces.push(trace);
      x = trace.output;
    }
    return x;
  }

  private layer(layer: LayerShape, x: Tensor): Trace {
    if (layer.kind === "flatten") return { layer, input: x, output: x };
    const y = this.tensor(layer.name, layer.output);
    const trace: Trace = { layer, input: x, output: y };
    const n = size(layer.output);
    if (layer.kind === "maxPool" || layer.kind === "averagePool") this.pool(trace);
    else if (layer.kind === "scaleBias") this.scaleBias(trace);
    else if (layer.kind === "activation" || layer.kind === "residual") {
      this.graph.emit("copy", at(x), at(y), n);
      if (layer.from !== undefined) this.graph.emit("add", at(this.traces[layer.from]!.output), at(y), n);
    } else this.weighted(trace);
    if (layer.activation) this.activate(trace);
    return trace;
  }

  private pool(trace: Trace): void {
    const { layer, input, output } = trace;
    if (layer.kind === "averagePool")
      return this.graph.emit("averagePool2d", at(input), at(output), ...poolArgs(layer));
    if (layer.index > this.deepest)
      trace.winner = this.graph.tensor(`${layer.name}.winner`, size(layer.output), "mask");
    this.graph.emit("maxPool2d", at(input), at(output), trace.winner ? at(trace.winner) : "none", ...poolArgs(layer));
  }

  private scaleBias({ layer, input, output }: Trace): void {
    const { h, w, c } = layer.output;
    const scale = this.bound.vectors.get(`${layer.name}.scale`)!.at;
    const bias = this.bound.vectors.get(`${layer.name}.bias`)!.at;
    this.graph.emit("scaleBias", at(input), scale, bias, at(output), h * w, c);
  }

  /** Bias first, then whatever parts the weights have: each adds to the output. */
  private weighted(trace: Trace): void {
    const { layer, input, output } = trace;
    const { trained, frozen } = this.bound.weights.get(layer.index)!;
    this.graph.emit(
      "rows",
      this.bound.vectors.get(`${layer.name}.bias`)!.at,
      at(output),
      layer.output.h * layer.output.w,
      layer.output.c,
    );
    if (frozen) this.apply(layer, at(input), frozen.weights, frozen.scales, at(output));
    if (!trained) return;
    if (trained.channels === "all") return this.apply(layer, at(input), trained.at, undefined, at(output));
    const part = narrowed(layer, this.shape, trained.channels.length);
    trace.gathered = this.graph.tensor(`${layer.name}.gathered${this.suffix}`, size(part.input) * 4, "saved");
    this.gather(layer, trained.channels, input, trace.gathered);
    this.apply(part, at(trace.gathered), trained.at, undefined, at(output));
  }

  private gather(layer: LayerShape, channels: number[], x: Tensor, y: Tensor): void {
    const source = sourceShape(this.shape, layer);
    for (const run of runsOf(channels))
      this.graph.emit(
        "copyChannels",
        at(x, run.start),
        at(y, run.index),
        source.h * source.w,
        source.c,
        channels.length,
        run.count,
      );
  }

  private apply(layer: LayerShape, x: Operand, w: Operand, scales: Operand | undefined, y: Operand): void {
    const quantised = scales ? [scales] : [];
    if (layer.kind === "dense")
      this.graph.emit(scales ? "qdense" : "dense", x, w, ...quantised, y, size(layer.input), layer.output.c);
    else if (layer.kind === "conv")
      this.graph.emit(scales ? "qconv2d" : "conv2d", x, w, ...quantised, y, ...convArgs(layer));
    else this.graph.emit(scales ? "qdepthwise2d" : "depthwise2d", x, w, ...quantised, y, ...depthwiseArgs(layer));
  }

  /** A relu whose output nobody saves anyway leaves one bit per element instead. */
  private activate(trace: Trace): void {
    const { layer, output } = trace;
    const kind = layer.activation!;
    const n = size(layer.output);
    const masks =
      (kind === "relu" || kind === "relu6") && layer.index >= this.deepest && !this.outputIsSaved(layer.index);
    if (!masks) return this.graph.emit("activation", Activation[kind], at(output), n);
    trace.mask = this.graph.tensor(`${layer.name}.mask`, Math.ceil(n / 8), "mask");
    this.graph.emit("activationMask", Activation[kind], at(output), at(trace.mask), n);
  }

  private outputIsSaved(index: number): boolean {
    let next = index + 1;
    while (this.shape.layers[next]?.kind === "flatten") next++;
    const layer = this.shape.layers[next];
    if (!layer) return this.shape.model.kind === "autoencoder";
    if (layer.kind === "scaleBias") return this.bound.vectors.get(`${layer.name}.scale`)!.trained;
    return this.bound.weights.get(next)?.trained?.channels === "all";
  }
}
