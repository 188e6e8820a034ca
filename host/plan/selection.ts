// Which parameters a board trains: named selections, and what a selection means for a layer.

import { FtteError } from "../errors.ts";
import type { LayerShape, ModelShape } from "./shapes.ts";
import type { LayerSelection, Selection } from "./types.ts";

/** all: everything; none: inference only; head: the last layer with parameters; bias: every bias, and the head. */
export type NamedSelection = "all" | "none" | "head" | "bias";

/** Input channels of a layer's weights: for a dense layer behind a flattened (H,W,C), C and not H·W·C. */
export function inputChannels(shape: ModelShape, layer: LayerShape): number {
  return sourceShape(shape, layer).c;
}

/** The shape of a layer's input; of a dense layer's, before any flatten. */
export function sourceShape(shape: ModelShape, layer: LayerShape): { h: number; w: number; c: number } {
  let source = layer.input;
  if (layer.kind !== "dense") return source; // a convolution over a flattened vector has H·W·C channels
  for (let i = layer.index - 1; i >= 0 && shape.layers[i]!.kind === "flatten"; i--) source = shape.layers[i]!.input;
  return source;
}

export function namedSelection(shape: ModelShape, name: NamedSelection): Selection {
  const trainable = shape.layers.filter((l) => l.parameters.length > 0);
  const head = trainable.at(-1)?.index;
  return trainable
    .map((l): LayerSelection => {
      const all = name === "all" || (l.index === head && name !== "none");
      return { layer: l.index, bias: all || name === "bias", weights: all ? "all" : "none" };
    })
    .filter((s) => s.bias || s.weights !== "none");
}

/** What is selected of each layer, with a weight update implying its bias's. @throws FtteError "model-invalid" */
export function normaliseSelection(shape: ModelShape, selection: Selection): Map<number, LayerSelection> {
  const byLayer = new Map<number, LayerSelection>();
  for (const entry of selection) {
    const layer = shape.layers[entry.layer];
    const fail = (text: string): never => {
      throw new FtteError("model-invalid", `model ${shape.model.name}: the selection ${text}`);
    };
    if (!layer || layer.parameters.length === 0) return fail(`names layer ${entry.layer}, which has nothing to train`);
    if (byLayer.has(entry.layer)) return fail(`names layer ${entry.layer} twice`);
    const normal = normaliseEntry(shape, layer, entry, fail);
    if (normal.bias || normal.weights !== "none") byLayer.set(entry.layer, normal); // else backward would go deeper for nothing
  }
  return byLayer;
}

function normaliseEntry(
  shape: ModelShape,
  layer: LayerShape,
  entry: LayerSelection,
  fail: (text: string) => never,
): LayerSelection {
  if (typeof entry.weights === "string") return { ...entry, bias: entry.bias || entry.weights === "all" };
  const channels = [...new Set(entry.weights)].sort((a, b) => a - b);
  const count = inputChannels(shape, layer);
  if (layer.kind === "depthwise" || layer.kind === "scaleBias")
    return fail(`picks channels of layer ${layer.index}, but a ${layer.kind} layer is trained whole or not at all`);
  if (channels.some((c) => c < 0 || c >= count))
    return fail(`picks a channel of layer ${layer.index} outside 0..${count - 1}`);
  if (channels.length === 0) return { ...entry, weights: "none" };
  return { layer: entry.layer, bias: true, weights: channels.length === count ? "all" : channels };
}

/** The first layer whose output's gradient is needed; as many as there are layers when nothing is trained. */
export function deepestTrained(shape: ModelShape, chosen: ReadonlyMap<number, LayerSelection>): number {
  return chosen.size ? Math.min(...chosen.keys()) : shape.layers.length;
}

/** Runs of consecutive channels. */
export function runsOf(channels: readonly number[]): { start: number; count: number; index: number }[] {
  const runs: { start: number; count: number; index: number }[] = [];
  channels.forEach((c, index) => {
    const last = runs.at(-1);
    if (last && last.start + last.count === c) last.count++;
    else runs.push({ start: c, count: 1, index });
  });
  return runs;
}
