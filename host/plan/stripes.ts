// Computing a model's first layers a few rows at a time, so that neither the decoded sample nor what lies between these layers is ever
// held whole: each keeps the rows that the next pass still needs (a line buffer) and nothing is computed twice. What comes out has the same
// bits as computed whole. Rows of a tensor lie one after the other; those of a 1-D signal are its positions. Pure arithmetic on shapes.

import { deepestTrained } from "./selection.ts";
import { type LayerShape, type ModelShape, type Shape, size } from "./shapes.ts";
import type { LayerSelection } from "./types.ts";

/** The first `layers` layers, `rows` rows of the last one's output in each pass. */
export interface Stripes {
  layers: number;
  rows: number;
  /** The layer behind them is the mean over all rows: they are added up, and none of them is kept. */
  summed: boolean;
}

type Axis = "h" | "w";

/** Rows of a layer's output that are made before the passes (`first`) and in each (`loop`). */
export interface Stage {
  layer: LayerShape;
  first: number;
  loop: number;
  stride: number; // rows of its input from one window to the next
  overlap: number; // rows of its input that two passes share
}

export interface Schedule {
  stages: Stage[];
  passes: number;
  summed: boolean;
  axis: Axis;
}

export const stripeAxis = (shape: ModelShape): Axis => (shape.input.h > 1 ? "h" : "w");

/** Elements of one row. */
export const rowElements = (s: Shape, axis: Axis): number => size(s) / s[axis];

/** The layer for some of its rows: windows along the rows are never clipped. */
export function ofRows(layer: LayerShape, axis: Axis, inputRows: number, outputRows: number): LayerShape {
  return { ...layer, input: { ...layer.input, [axis]: inputRows }, output: { ...layer.output, [axis]: outputRows } };
}

function along({ geometry: g }: LayerShape, axis: Axis): { kernel: number; stride: number } {
  return axis === "h" ? { kernel: g.kh, stride: g.sh } : { kernel: g.kw, stride: g.sw };
}

/** Rows of the input under so many rows of the output. */
export function inputRows(layer: LayerShape, axis: Axis, rows: number): number {
  const { kernel, stride } = along(layer, axis);
  return rows > 0 ? (rows - 1) * stride + kernel : 0;
}

const windowed: readonly LayerShape["kind"][] = [
  "conv",
  "depthwise",
  "maxPool",
  "averagePool",
  "activation",
  "scaleBias",
];

/** True when every row of the output needs a few rows of the input, none of them padding, and no row between them is left out. */
function slides(layer: LayerShape, axis: Axis): boolean {
  const { kernel, stride } = along(layer, axis);
  const fits = inputRows(layer, axis, layer.output[axis]) <= layer.input[axis]; // with padding they would not
  return windowed.includes(layer.kind) && kernel >= stride && fits;
}

/** What backward needs of the deepest trained layer must not be its whole input. */
function needsNoInput(chosen: LayerSelection): boolean {
  return chosen.weights !== "all";
}

const isGlobalMean = (layer: LayerShape | undefined): boolean =>
  layer?.kind === "averagePool" &&
  layer.output.h * layer.output.w === 1 &&
  layer.geometry.kh === layer.input.h &&
  layer.geometry.kw === layer.input.w;

const masks = (layer: LayerShape) => !layer.activation || layer.activation === "relu" || layer.activation === "relu6";

/** How many layers may be striped at most: frozen ones, and the deepest trained one. */
function mostLayers(shape: ModelShape, chosen: ReadonlyMap<number, LayerSelection>, deepest: number): number {
  const axis = stripeAxis(shape);
  let count = 0;
  for (const layer of shape.layers) {
    if (!slides(layer, axis) || layer.index > deepest) break;
    if (layer.index === deepest && !needsNoInput(chosen.get(deepest)!)) break;
    count++;
  }
  return count;
}

/**
 * Two convolutions before a mean, the first of them the deepest trained layer and of the second at most the bias: the way back goes in stripes
 * too, down to the sample, which is decoded again.
 */
function goesDown(shape: ModelShape, chosen: ReadonlyMap<number, LayerSelection>): boolean {
  const [one, two, mean] = shape.layers;
  const axis = stripeAxis(shape);
  const isConv = (l: LayerShape | undefined) => l?.kind === "conv" && slides(l, axis) && masks(l);
  const isFrozen = (chosen.get(1)?.weights ?? "none") === "none";
  return (
    chosen.has(0) &&
    isConv(one) &&
    isConv(two) &&
    isFrozen &&
    isGlobalMean(mean) &&
    shape.layers.every((l) => (l.from ?? 2) >= 2)
  );
}

/** Every way to stripe a model, fewest passes first. None for autoencoders, whose loss needs the whole sample. */
export function stripings(shape: ModelShape, chosen: ReadonlyMap<number, LayerSelection>): Stripes[] {
  const deepest = deepestTrained(shape, chosen);
  if (shape.model.kind === "autoencoder") return [];
  const axis = stripeAxis(shape);
  const down = goesDown(shape, chosen);
  const most = down ? 2 : mostLayers(shape, chosen, deepest);
  const list: (Stripes & { passes: number })[] = [];
  for (let layers = down ? 2 : 1; layers <= most; layers++) {
    const last = shape.layers[layers - 1]!;
    if (shape.layers.some((l) => l.from !== undefined && l.index >= layers && l.from < layers - 1)) continue;
    const kept = shape.layers.some((l) => l.from === last.index);
    const summed = isGlobalMean(shape.layers[layers]) && !kept && (last.index < deepest || masks(last));
    const all = last.output[axis];
    for (let rows = all >> 1; rows >= 1; rows--) {
      const passes = Math.floor(all / rows);
      if (Math.floor(all / (rows - 1)) !== passes) list.push({ layers, rows, summed, passes }); // the fewest rows for so many passes
    }
  }
  return list.sort((a, b) => a.passes - b.passes || b.layers - a.layers);
}

/** Rows that do not fill a pass are made before the first one, with what the passes share. */
export function scheduleOf(shape: ModelShape, { layers, rows, summed }: Stripes): Schedule {
  const axis = stripeAxis(shape);
  const all = shape.layers[layers - 1]!.output[axis];
  const stages: Stage[] = [];
  let [first, loop] = [all % rows, rows];
  for (const layer of shape.layers.slice(0, layers).toReversed()) {
    const { kernel, stride } = along(layer, axis);
    const overlap = kernel - stride;
    stages.unshift({ layer, first, loop, stride, overlap });
    first = first * stride + overlap;
    loop *= stride;
  }
  return { stages, passes: Math.floor(all / rows), summed, axis };
}
