// The forward ops of one layer, from and to wherever the caller says: whole tensors or some of their rows. Activations are the caller's.

import type { Bound } from "./bind.ts";
import { behind, type Graph, type Operand } from "./graph.ts";
import { runsOf, sourceShape } from "./selection.ts";
import { type LayerShape, type ModelShape, size } from "./shapes.ts";

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

/** What a layer leaves for backward beside its output. */
export interface Kept {
  gathered?: Operand; // the trained input channels of a channel-sparse layer
  winner?: Operand; // of a max pool
}

export class LayerOps {
  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly bound: Bound,
  ) {}

  /** Elements of the trained input channels of a channel-sparse layer, 0 for other layers. */
  gatheredElements(layer: LayerShape): number {
    const channels = this.bound.weights.get(layer.index)?.trained?.channels ?? "all";
    return channels === "all" ? 0 : size(narrowed(layer, this.shape, channels.length).input);
  }

  /** `count` elements of the sample from `first` on, `step` further on in each next pass of a repeat. */
  input(y: Operand, count: number, first = 0, step = 0): void {
    const { scale, offset } = this.bound.normalisation;
    this.graph.emit("input", y, count, this.shape.input.c, scale, offset, first, step);
  }

  /** y := layer(x), of every kind but flatten and residual. */
  compute(layer: LayerShape, x: Operand, y: Operand, kept: Kept = {}): void {
    if (layer.kind === "averagePool") this.graph.emit("averagePool2d", x, y, ...poolArgs(layer));
    else if (layer.kind === "maxPool") this.graph.emit("maxPool2d", x, y, kept.winner ?? "none", ...poolArgs(layer));
    else if (layer.kind === "scaleBias") this.scaleBias(layer, x, y);
    else if (layer.kind === "activation") this.graph.emit("copy", x, y, size(layer.output));
    else this.weighted(layer, x, y, kept);
  }

  private scaleBias(layer: LayerShape, x: Operand, y: Operand): void {
    const { h, w, c } = layer.output;
    const scale = this.bound.vectors.get(`${layer.name}.scale`)!.at;
    const bias = this.bound.vectors.get(`${layer.name}.bias`)!.at;
    this.graph.emit("scaleBias", x, scale, bias, y, h * w, c);
  }

  /** Bias first (a dense op brings its own), then whatever parts the weights have: each adds to the output. */
  private weighted(layer: LayerShape, x: Operand, y: Operand, { gathered }: Kept): void {
    const { trained, frozen } = this.bound.weights.get(layer.index)!;
    const { h, w, c } = layer.output;
    const bias = this.bound.vectors.get(`${layer.name}.bias`)!.at;
    if (layer.kind !== "dense") this.graph.emit("rows", bias, y, h * w, c);
    if (frozen) this.apply(layer, x, frozen.weights, frozen.scales, bias, y);
    if (!trained) return;
    if (trained.channels === "all") return this.apply(layer, x, trained.at, undefined, bias, y);
    this.gather(layer, x, gathered!);
    this.apply(narrowed(layer, this.shape, trained.channels.length), gathered!, trained.at, undefined, "none", y);
  }

  /** y := the trained input channels of x; nothing where all or none are. */
  gather(layer: LayerShape, x: Operand, y: Operand): void {
    const channels = this.bound.weights.get(layer.index)?.trained?.channels ?? "all";
    if (channels === "all") return;
    const { h, w, c } = sourceShape(this.shape, layer);
    for (const run of runsOf(channels)) {
      const [from, to] = [behind(x, run.start), behind(y, run.index)];
      this.graph.emit("copyChannels", from, to, h * w, c, channels.length, run.count);
    }
  }

  private apply(l: LayerShape, x: Operand, w: Operand, scales: Operand | undefined, bias: Operand, y: Operand): void {
    const quantised = scales ? [scales] : [];
    if (l.kind === "dense")
      this.graph.emit(scales ? "qdense" : "dense", x, w, ...quantised, bias, y, size(l.input), l.output.c);
    else if (l.kind === "conv") this.graph.emit(scales ? "qconv2d" : "conv2d", x, w, ...quantised, y, ...convArgs(l));
    else this.graph.emit(scales ? "qdepthwise2d" : "depthwise2d", x, w, ...quantised, y, ...depthwiseArgs(l));
  }
}
