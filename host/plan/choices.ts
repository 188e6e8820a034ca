// What may be trained of a model, as Lin et al. (NeurIPS 2022) choose from it: biases of the last k layers, plus weights of some of these
// layers at a channel ratio, each set with its value. Every set is enumerated, which our model sizes allow; memory is nobody's concern here.
//
// Where contributions were not measured by short fine-tuning, ours stand in: a layer's weights count by the square root of how many are
// trained, times 1 for the first layer up to 2 for the last, since later layers adapt most; a bias counts a tenth of full weights. Biases
// then need not be those of the last layers.

import { inputChannels } from "./selection.ts";
import type { LayerShape, ModelShape } from "./shapes.ts";
import type { LayerSelection, Selection } from "./types.ts";

/** Gains in accuracy (1 is all), as short fine-tuning from the first model measures them: host/sim/contributions.ts. */
export interface Contributions {
  /** bias[k]: of training the biases of the last k layers that have parameters, alone; bias[0] is 0. */
  bias: readonly number[];
  /** By layer and by ratio of its input channels: what training its weights adds to the biases from this layer on. */
  weights: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

export interface SearchOptions {
  /** Ranks input channels by L2 norm; without them the first ones are taken. */
  parameters?: Float32Array;
  /** Measured by the caller. A ratio that they leave out is not chosen. */
  contributions?: Contributions;
  /** A selection that the result must contain, so that a smaller tier's slice is a part of a larger one's. */
  containing?: Selection;
}

/** How much of a layer is trained: 0 for its bias alone, else its weights at this ratio of the input channels, and its bias. */
export interface Share {
  layer: number;
  ratio: number;
}

export interface Combination {
  shares: Share[];
  selection: Selection;
  /** Sum of the contributions. */
  value: number;
}

const ratios = [1 / 8, 1 / 4, 1 / 2, 1];
const searchLimit = 20_000;

/** The layers that have something to train, first to last. */
export const trainableLayers = (shape: ModelShape): LayerShape[] => shape.layers.filter((l) => l.parameters.length > 0);

/** Input channels, strongest first by the L2 norm of the weights that read them. */
function ranking(shape: ModelShape, layer: LayerShape, parameters: Float32Array | undefined): number[] {
  const channels = Array.from({ length: inputChannels(shape, layer) }, (_, i) => i);
  const weights = layer.parameters.find((p) => p.role === "weights");
  if (!parameters || !weights) return channels;
  const norm = new Float64Array(channels.length);
  for (let i = 0; i < weights.count; i++) norm[i % channels.length]! += parameters[weights.offset + i]! ** 2;
  return channels.sort((a, b) => norm[b]! - norm[a]! || a - b);
}

const channelsAt = (shape: ModelShape, layer: LayerShape, ratio: number) =>
  Math.round(ratio * inputChannels(shape, layer));

/** The ratios at which a layer's weights can be trained, ascending; of two that come to the same channels the larger one. */
export function weightRatios(shape: ModelShape, layer: LayerShape): number[] {
  if (layer.kind !== "dense" && layer.kind !== "conv") return [1];
  const counts = ratios.map((ratio) => channelsAt(shape, layer, ratio));
  return ratios.filter((_, i) => counts[i]! > 0 && counts[i] !== counts[i + 1]);
}

/** What these shares train, the strongest channels of each layer. */
export function selectionOf(shape: ModelShape, shares: readonly Share[], parameters?: Float32Array): Selection {
  return shares.map(({ layer: index, ratio }): LayerSelection => {
    const layer = shape.layers[index]!;
    if (ratio === 0) return { layer: index, bias: true, weights: "none" };
    if (ratio === 1) return { layer: index, bias: true, weights: "all" };
    const picked = ranking(shape, layer, parameters).slice(0, channelsAt(shape, layer, ratio));
    return { layer: index, bias: true, weights: picked.sort((a, b) => a - b) };
  });
}

/** The shares that a selection of selectionOf's makes. */
export function sharesOf(shape: ModelShape, selection: Selection): Share[] {
  return selection.map(({ layer: index, weights }): Share => {
    const layer = shape.layers[index]!;
    if (typeof weights === "string") return { layer: index, ratio: weights === "all" ? 1 : 0 };
    const ratio = weightRatios(shape, layer).find((r) => channelsAt(shape, layer, r) === weights.length);
    if (ratio === undefined) throw new RangeError(`layer ${index}: ${weights.length} channels are no share`);
    return { layer: index, ratio };
  });
}

/** Sum of the contributions of shares that are those of the last layers. */
export function gainOf({ bias, weights }: Contributions, shares: readonly Share[]): number {
  const added = shares.map(({ layer, ratio }) => (ratio === 0 ? 0 : weights.get(layer)!.get(ratio)!));
  return added.reduce((sum, gain) => sum + gain, bias[shares.length]!);
}

interface Choice {
  share: Share | undefined;
  entry: LayerSelection | undefined;
  value: number;
}

/** Of a ratio, 0 for the bias alone; undefined where nothing was measured. */
function worthOf(shape: ModelShape, layer: LayerShape, ratio: number, measured?: Contributions): number | undefined {
  if (measured) return ratio === 0 ? 0 : measured.weights.get(layer.index)?.get(ratio);
  const last = shape.layers.length - 1;
  const weights = layer.parameters.find((p) => p.role !== "bias")!;
  const whole = Math.sqrt(weights.count) * (1 + layer.index / Math.max(1, last));
  return ratio === 0 ? whole / 10 : whole * Math.sqrt(ratio);
}

function choices(shape: ModelShape, layer: LayerShape, o: SearchOptions): Choice[] {
  const list: Choice[] = [{ share: undefined, entry: undefined, value: 0 }];
  for (const ratio of [0, ...weightRatios(shape, layer)]) {
    const value = worthOf(shape, layer, ratio, o.contributions);
    const share = { layer: layer.index, ratio };
    if (value !== undefined) list.push({ share, entry: selectionOf(shape, [share], o.parameters)[0], value });
  }
  const must = o.containing?.find((s) => s.layer === layer.index);
  return must ? list.filter((c) => contains(c.entry, must)) : list;
}

function contains(entry: LayerSelection | undefined, must: LayerSelection): boolean {
  if (!entry || (must.bias && !entry.bias)) return false;
  if (must.weights === "none" || entry.weights === "all") return true;
  return (
    Array.isArray(entry.weights) &&
    Array.isArray(must.weights) &&
    must.weights.every((c) => entry.weights.includes(c as never))
  );
}

/** Fewer choices for the earliest layer that has more than the least: first nothing between the least and all, then only the least. */
function narrowed(perLayer: Choice[][]): Choice[][] {
  const wide = perLayer.findIndex((list) => list.length > 2);
  const at = wide >= 0 ? wide : perLayer.findIndex((list) => list.length > 1);
  return perLayer.map((list, i) => (i !== at ? list : wide >= 0 ? [list[0]!, list.at(-1)!] : list.slice(0, 1)));
}

/** Every combination of the layers' choices, as far as the limit goes; `base` is added to each value. */
function product(perLayer: Choice[][], base: number): Combination[] {
  const count = perLayer.reduce((p, list) => p * list.length, 1);
  if (count > searchLimit) return product(narrowed(perLayer), base);
  return Array.from({ length: count }, (_, k): Combination => {
    let rest = k;
    const chosen = perLayer.map((list) => {
      const choice = list[rest % list.length]!;
      rest = Math.floor(rest / list.length);
      return choice;
    });
    return {
      shares: chosen.flatMap((c) => (c.share ? [c.share] : [])),
      selection: chosen.flatMap((c) => (c.entry ? [c.entry] : [])),
      value: chosen.reduce((sum, c) => sum + c.value, base),
    };
  });
}

/** The biases of the last k layers, and weights of these only: of the layers before them nothing. */
const toDepth = (perLayer: Choice[][], depth: number) =>
  perLayer.map((list, i) => list.filter((c) => (c.share !== undefined) === i >= perLayer.length - depth));

/** Every set of parameters that may be trained, the most valuable first. With contributions, biases are those of the last layers. */
export function combinations(shape: ModelShape, o: SearchOptions): Combination[] {
  const perLayer = trainableLayers(shape).map((layer) => choices(shape, layer, o));
  const all = o.contributions
    ? o.contributions.bias.flatMap((gain, depth) => product(toDepth(perLayer, depth), gain))
    : product(perLayer, 0);
  return all.filter(({ selection }) => selection.length > 0).sort((a, b) => b.value - a.value);
}
