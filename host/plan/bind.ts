// Where parameters lie: trained ones in the arena's state, frozen ones in the flash image.

import { FrozenLayout, scaleCount, trainedChannels } from "./frozen.ts";
import { at, type Operand, type Tensor } from "./graph.ts";
import { inputChannels, runsOf } from "./selection.ts";
import type { LayerShape, ModelShape } from "./shapes.ts";
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
