// The way back: from the loss to the deepest trained layer, and no further. Each layer's gradient is used and gone before the next
// one's is made; a fused update touches weights only after the gradient of their input was computed with them.

import { Activation, WeightGradient } from "../wire/spec.gen.ts";
import type { Bound } from "./bind.ts";
import type { Trace } from "./forward.ts";
import { at, floatBits, type Graph, type Operand, type Tensor } from "./graph.ts";
import { convArgs, depthwiseArgs, narrowed, poolArgs } from "./layer_ops.ts";
import { runsOf, sourceShape } from "./selection.ts";
import { type LayerShape, type ModelShape, size } from "./shapes.ts";
import type { StripedPrefix } from "./striped_prefix.ts";
import type { TrainingOptions } from "./types.ts";

/** What of the state block the optimiser uses beside the slice. */
export interface OptimiserState {
  momentum?: Tensor; // one element per slice element
  gradients?: Tensor; // with micro-batches: likewise
}

/** Weights descend at once unless something must happen to their gradient first. */
export function isFused(t: TrainingOptions): boolean {
  return !t.momentum && !t.weightDecay && !t.clipNorm && (t.microBatch ?? 1) === 1;
}

interface Trained {
  name: string;
  weights: Operand;
  sliceOffset: number;
  count: number;
}

/** Where a gradient goes, and how. */
interface Target {
  at: Operand;
  mode: number;
}

const pick = ({ sliceOffset, count }: { sliceOffset: number; count: number }) => ({ sliceOffset, count });

export class Backward {
  private readonly gradients = new Map<number, Tensor>(); // of layer outputs

  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly bound: Bound,
    private readonly deepest: number,
    private readonly training: TrainingOptions,
    private readonly state: OptimiserState,
  ) {}

  /** @param traces of the forward pass @param dy gradient of the last layer's output */
  run(traces: Trace[], dy: Tensor): void {
    this.gradients.set(traces.length - 1, dy);
    for (const trace of traces.toReversed()) {
      if (trace.layer.index < this.deepest) break;
      const gradient = this.gradients.get(trace.layer.index);
      if (gradient) this.layer(trace, gradient);
    }
  }

  /** The gradient of layer `index`'s output, made and zeroed when it is first asked for; undefined where nobody needs it. */
  private gradientOf(index: number): Tensor | undefined {
    if (index < this.deepest) return undefined;
    const known = this.gradients.get(index);
    if (known) return known;
    const layer = this.shape.layers[index]!;
    const made = this.graph.tensor(`${layer.name}.gradient`, size(layer.output) * 4, "gradient");
    this.graph.emit("fill", at(made), size(layer.output), floatBits(0));
    this.gradients.set(index, made);
    return made;
  }

  private layer(trace: Trace, dy: Tensor): void {
    const { layer } = trace;
    if (layer.activation) this.activation(trace, dy);
    if (layer.kind === "flatten" || layer.kind === "activation") return this.passThrough(layer, dy);
    if (layer.kind === "residual") return this.spread(layer, dy);
    if (layer.kind === "scaleBias") return this.scaleBias(trace, dy);
    if (trace.rows) return this.addedRows(trace.rows, layer, dy);
    const dx = this.gradientOf(layer.index - 1);
    if (layer.kind === "maxPool" || layer.kind === "averagePool") this.pool(trace, dy, dx);
    else this.weighted(trace, dy, dx);
  }

  /** dx is dy: the tensor itself serves, or is added to what a residual left there. */
  private passThrough(layer: LayerShape, dy: Tensor): void {
    const known = this.gradients.get(layer.index - 1);
    if (known) this.graph.emit("add", at(dy), at(known), size(layer.output));
    else this.gradients.set(layer.index - 1, dy);
  }

  private activation({ layer, output, mask }: Trace, dy: Tensor): void {
    const n = size(layer.output);
    if (mask) this.graph.emit("activationBackwardMask", at(mask), at(dy), n);
    else this.graph.emit("activationBackward", Activation[layer.activation!], at(output), at(dy), n);
  }

  private spread(layer: LayerShape, dy: Tensor): void {
    const from = this.gradientOf(layer.from!);
    if (from) this.graph.emit("add", at(dy), at(from), size(layer.output));
    this.passThrough(layer, dy);
  }

  private pool({ layer, winner }: Trace, dy: Tensor, dx: Tensor | undefined): void {
    if (!dx) return;
    if (layer.kind === "averagePool") this.graph.emit("averagePool2dBackward", at(dy), at(dx), ...poolArgs(layer));
    else this.graph.emit("maxPool2dBackward", at(dy), at(winner!), at(dx), ...poolArgs(layer));
  }

  /** A trained scale still needs dy after dx = dy · s was made with it as it was in the forward pass; a frozen one scales dy in place. */
  private scaleBias({ layer, input }: Trace, dy: Tensor): void {
    const { h, w, c } = layer.output;
    const scale = this.bound.vectors.get(`${layer.name}.scale`)!;
    const goesOn = layer.index > this.deepest;
    const dx = goesOn && scale.trained ? this.graph.tensor(`${layer.name}.unscaled`, h * w * c * 4, "gradient") : dy;
    this.bias(layer, dy);
    if (goesOn) this.graph.emit("scaleBackwardInput", at(dy), scale.at, at(dx), h * w, c);
    if (scale.trained) {
      const { sliceOffset, count } = scale;
      this.learn({ name: `${layer.name}.scale`, weights: scale.at, sliceOffset, count }, (target, mode) =>
        this.graph.emit("scaleBackwardScale", at(dy), at(input), target, h * w, c, mode),
      );
    }
    if (goesOn) this.passThrough(layer, dx);
  }

  private bias(layer: LayerShape, dy: Tensor): void {
    const bias = this.bound.vectors.get(`${layer.name}.bias`)!;
    if (!bias.trained) return;
    const trained = { name: `${layer.name}.bias`, weights: bias.at, sliceOffset: bias.sliceOffset, count: bias.count };
    const { h, w, c } = layer.output;
    this.learn(trained, (target, mode) => this.graph.emit("biasBackward", at(dy), target, h * w, c, mode));
  }

  /** Behind a mean whose rows were added up as they came lies the deepest trained layer, or there is one layer between. */
  private addedRows(rows: StripedPrefix, mean: LayerShape, dy: Tensor): void {
    const last = this.shape.layers[mean.index - 1]!;
    const down = rows.goesDown;
    const deepest = down ? this.shape.layers[last.index - 1]! : last;
    const trained = this.trainedOf(deepest);
    const above = down ? this.trainedOf(last) : [];
    this.learnAll([...trained, ...above], (targets) => {
      const own = targets.slice(0, trained.length);
      const emit = (layer: LayerShape, d: Operand, x: Operand | undefined) => this.partOfGradients(own, layer, d, x);
      if (!down) return rows.eachGradient(mean, dy, emit);
      const { frozen } = this.bound.weights.get(last.index)!;
      rows.goDown(
        mean,
        dy,
        (layer, d) => this.partOfGradients(targets.slice(trained.length), layer, d, undefined),
        (layer, d, dx) => this.toInput(layer, d, frozen!.weights, frozen!.scales, dx),
        emit,
      );
    });
  }

  /** What is trained of a layer: its bias first. */
  private trainedOf({ name, index }: LayerShape): Trained[] {
    const bias = this.bound.vectors.get(`${name}.bias`)!;
    const weights = this.bound.weights.get(index)?.trained;
    return [
      ...(bias.trained ? [{ name: `${name}.bias`, weights: bias.at, ...pick(bias) }] : []),
      ...(weights ? [{ name: weights.parameter.name, weights: weights.at, ...pick(weights) }] : []),
    ];
  }

  /** What some rows of a layer's output add to the gradients of its bias and its weights. */
  private partOfGradients([bias, weights]: Target[], layer: LayerShape, d: Operand, x: Operand | undefined): void {
    const { h, w, c } = layer.output;
    if (bias) this.graph.emit("biasBackward", d, bias.at, h * w, c, bias.mode);
    if (!weights) return;
    const { channels } = this.bound.weights.get(layer.index)!.trained!;
    const part = channels === "all" ? layer : narrowed(layer, this.shape, channels.length);
    this.toWeights(part, d, x!, weights.at, weights.mode);
  }

  private learnAll([first, ...rest]: Trained[], emit: (targets: Target[]) => void, targets: Target[] = []): void {
    if (!first) return emit(targets);
    this.learn(first, (place, mode) => this.learnAll(rest, emit, [...targets, { at: place, mode }]));
  }

  private weighted(trace: Trace, dy: Tensor, dx: Tensor | undefined): void {
    const { layer, input, gathered } = trace;
    const { trained, frozen } = this.bound.weights.get(layer.index)!;
    const bias = this.bound.vectors.get(`${layer.name}.bias`)!;
    // A dense layer's weights and bias descend in one op.
    const together = layer.kind === "dense" && trained && bias.trained && isFused(this.training);
    if (!together) this.bias(layer, dy);
    if (dx && frozen) this.toInput(layer, at(dy), frozen.weights, frozen.scales, at(dx));
    if (!trained) return;
    const part = trained.channels === "all" ? layer : narrowed(layer, this.shape, trained.channels.length);
    if (dx && trained.channels === "all") this.toInput(layer, at(dy), trained.at, undefined, at(dx));
    else if (dx) this.toGathered(part, trained.channels as number[], dy, trained.at, dx);
    const target: Trained = {
      name: trained.parameter.name,
      weights: trained.at,
      sliceOffset: trained.sliceOffset,
      count: trained.count,
    };
    const db = together ? bias.at : "none";
    this.learn(target, (dw, mode) => this.toWeights(part, at(dy), at(gathered ?? input), dw, mode, db));
  }

  /** The trained channels' part of dx is made apart and added where those channels lie. */
  private toGathered(part: LayerShape, channels: number[], dy: Tensor, w: Operand, dx: Tensor): void {
    const partial = this.graph.tensor(`${part.name}.gathered.gradient`, size(part.input) * 4, "gradient");
    this.graph.emit("fill", at(partial), size(part.input), floatBits(0));
    this.toInput(part, at(dy), w, undefined, at(partial));
    const layer = this.shape.layers[part.index]!;
    const source = sourceShape(this.shape, layer);
    for (const run of runsOf(channels))
      this.graph.emit(
        "addChannels",
        at(partial, run.index),
        at(dx, run.start),
        source.h * source.w,
        channels.length,
        source.c,
        run.count,
      );
  }

  private toInput(layer: LayerShape, dy: Operand, w: Operand, scales: Operand | undefined, dx: Operand): void {
    const s = scales ? [scales] : [];
    if (layer.kind === "dense")
      this.graph.emit(
        scales ? "qdenseBackwardInput" : "denseBackwardInput",
        dy,
        w,
        ...s,
        dx,
        size(layer.input),
        layer.output.c,
      );
    else if (layer.kind === "conv")
      this.graph.emit(scales ? "qconv2dBackwardInput" : "conv2dBackwardInput", dy, w, ...s, dx, ...convArgs(layer));
    else
      this.graph.emit(
        scales ? "qdepthwise2dBackwardInput" : "depthwise2dBackwardInput",
        dy,
        w,
        ...s,
        dx,
        ...depthwiseArgs(layer),
      );
  }

  /** @param db only for a dense layer */
  private toWeights(layer: LayerShape, dy: Operand, x: Operand, dw: Operand, mode: number, db: Operand = "none"): void {
    if (layer.kind === "dense")
      this.graph.emit("denseBackwardWeights", dy, x, dw, db, size(layer.input), layer.output.c, mode);
    else if (layer.kind === "conv") this.graph.emit("conv2dBackwardWeights", dy, x, dw, ...convArgs(layer), mode);
    else this.graph.emit("depthwise2dBackwardWeights", dy, x, dw, ...depthwiseArgs(layer), mode);
  }

  /** Has `emit` write a parameter's gradient where it belongs, and sees to the update. */
  private learn(p: Trained, emit: (target: Operand, mode: number) => void): void {
    if (isFused(this.training)) return emit(p.weights, WeightGradient.descend);
    if (this.state.gradients) return emit(at(this.state.gradients, p.sliceOffset), WeightGradient.accumulate);
    const gradient = this.graph.tensor(`${p.name}.gradient`, p.count * 4, "gradient");
    this.graph.emit("fill", at(gradient), p.count, floatBits(0));
    emit(at(gradient), WeightGradient.accumulate);
    this.update(p, at(gradient));
  }

  /** w -= lr · (whatever the optimiser makes of the gradient) */
  private update(p: Trained, gradient: Operand): void {
    const { momentum = 0, weightDecay = 0, clipNorm = 0, microBatch = 1 } = this.training;
    const velocity = this.state.momentum ? at(this.state.momentum, p.sliceOffset) : "none";
    this.graph.emit(
      "update",
      p.weights,
      gradient,
      velocity,
      p.count,
      floatBits(momentum),
      floatBits(weightDecay),
      floatBits(clipNorm),
      floatBits(1 / microBatch),
    );
  }

  /** The apply list: with micro-batches every trained parameter descends at the end of one. */
  applyAll(): void {
    if (!this.state.gradients) return;
    for (const [index, { trained }] of this.bound.weights)
      if (trained)
        this.updateFromState({
          name: `${index}`,
          weights: trained.at,
          sliceOffset: trained.sliceOffset,
          count: trained.count,
        });
    for (const [name, v] of this.bound.vectors)
      if (v.trained) this.updateFromState({ name, weights: v.at, sliceOffset: v.sliceOffset, count: v.count });
  }

  private updateFromState(p: Trained): void {
    this.update(p, at(this.state.gradients!, p.sliceOffset));
  }
}
