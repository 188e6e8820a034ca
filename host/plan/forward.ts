// The forward pass: layer after layer, each tensor whole, behind a prefix that may be computed in stripes (striped_prefix.ts).

import { Activation } from "../wire/spec.gen.ts";
import type { Bound } from "./bind.ts";
import { at, type Graph, type Tensor } from "./graph.ts";
import { LayerOps } from "./layer_ops.ts";
import { type LayerShape, type ModelShape, type Shape, size } from "./shapes.ts";
import { StripedPrefix } from "./striped_prefix.ts";
import { type Stripes, scheduleOf } from "./stripes.ts";

/** What backward needs of a layer's forward pass. */
export interface Trace {
  layer: LayerShape;
  input: Tensor;
  output: Tensor;
  gathered?: Tensor; // the trained input channels of a channel-sparse layer
  mask?: Tensor;
  winner?: Tensor;
  /** A mean whose rows were added up as they came: of them only this is left. */
  rows?: StripedPrefix;
}

export class Forward {
  readonly traces: Trace[] = [];
  private readonly ops: LayerOps;
  private decoded: Tensor | undefined;

  /** @param deepest first layer whose backward pass is needed; layers.length when none is */
  constructor(
    private readonly graph: Graph,
    private readonly shape: ModelShape,
    private readonly bound: Bound,
    private readonly deepest: number,
    private readonly stripes: Stripes | undefined,
  ) {
    this.ops = new LayerOps(graph, shape, bound);
  }

  /** The whole sample, decoded. Not there when the model's first layers are striped. */
  get input(): Tensor {
    return this.decoded!;
  }

  run(): Tensor {
    let x = this.stripes ? this.striped(this.stripes) : this.decode();
    for (const layer of this.shape.layers.slice(this.traces.length)) {
      const trace = this.layer(layer, x);
      this.traces.push(trace);
      x = trace.output;
    }
    return x;
  }

  private decode(): Tensor {
    this.decoded = this.tensor("input", this.shape.input);
    this.ops.input(at(this.decoded), size(this.shape.input));
    return this.decoded;
  }

  private tensor(name: string, shape: Shape): Tensor {
    return this.graph.tensor(name, size(shape) * 4, "activation");
  }

  private striped(stripes: Stripes): Tensor {
    const prefix = new StripedPrefix(this.graph, this.ops, scheduleOf(this.shape, stripes), this.deepest);
    prefix.run();
    const { output, gathered } = prefix;
    const layers = this.shape.layers.slice(0, stripes.layers);
    const last = layers.at(-1)!;
    for (const layer of layers) this.traces.push({ layer, input: output, output }); // nobody asks for what was between them
    const trace = this.traces.at(-1)!;
    if (gathered) trace.gathered = gathered;
    if (!stripes.summed) {
      if (last.activation) this.activate(trace);
      return output;
    }
    const mean = this.shape.layers[stripes.layers]!;
    const { kh, kw, sh, sw } = mean.geometry;
    // The sum is one position: of the window only that lies inside, and the mean is its share.
    this.graph.emit("averagePool2d", at(output), at(output), 1, 1, mean.output.c, 1, 1, kh, kw, sh, sw);
    this.traces.push({ layer: mean, input: output, output, rows: prefix });
    return output;
  }

  private layer(layer: LayerShape, x: Tensor): Trace {
    if (layer.kind === "flatten") return { layer, input: x, output: x };
    const y = this.tensor(layer.name, layer.output);
    const trace: Trace = { layer, input: x, output: y };
    if (layer.kind === "residual") {
      this.graph.emit("copy", at(x), at(y), size(layer.output));
      this.graph.emit("add", at(this.traces[layer.from!]!.output), at(y), size(layer.output));
    } else this.compute(trace);
    if (layer.activation) this.activate(trace);
    return trace;
  }

  private compute(trace: Trace): void {
    const { layer, input, output } = trace;
    if (layer.kind === "maxPool" && layer.index > this.deepest)
      trace.winner = this.graph.tensor(`${layer.name}.winner`, size(layer.output), "mask");
    const gathered = this.ops.gatheredElements(layer);
    if (gathered > 0) trace.gathered = this.graph.tensor(`${layer.name}.gathered`, gathered * 4, "saved");
    this.ops.compute(layer, at(input), at(output), {
      ...(trace.winner && { winner: at(trace.winner) }),
      ...(trace.gathered && { gathered: at(trace.gathered) }),
    });
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
