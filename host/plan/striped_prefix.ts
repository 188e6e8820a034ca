// The ops of a striped prefix (stripes.ts says which rows): what fills the line buffers, then a repeat. And the way back into rows that
// were only added up: their gradients are made a few at a time, too.

import { Activation, WeightGradient } from "../wire/spec.gen.ts";
import { at, floatBits, type Graph, moving, type Operand, type Tensor } from "./graph.ts";
import { type LayerOps, poolArgs } from "./layer_ops.ts";
import { type LayerShape, size } from "./shapes.ts";
import { inputRows, ofRows, rowElements, type Schedule, type Stage } from "./stripes.ts";

type Part = "first" | "loop";

/** Where in a tensor that has all rows those of a part begin, `perRow` elements each: the first at its start, the others behind them. */
function rowsAt(tensor: Tensor, part: Part, { first, loop }: { first: number; loop: number }, perRow: number): Operand {
  return part === "first" ? at(tensor) : moving(tensor, first * perRow, loop * perRow);
}

const named = (name: string, part: Part) => (part === "first" ? `${name} (first rows)` : name);

/** Bits of a relu's rows, each part's from a word's border on. */
const maskWords = (stage: Stage, perRow: number) => ({
  first: Math.ceil((stage.first * perRow) / 32),
  loop: Math.ceil((stage.loop * perRow) / 32),
});

export class StripedPrefix {
  /** All rows of the last layer's output, before its activation; or their sum, activation included. */
  readonly output: Tensor;
  /** Of a channel-sparse last layer: all rows of its trained input channels. */
  readonly gathered: Tensor | undefined;
  private readonly mask: Tensor | undefined;
  private readonly lines: Tensor[]; // output of each stage but the last; the rows in use end where the tensor does
  private readonly last: Stage;
  private readonly axis;

  /** @param deepest as in Forward */
  constructor(
    private readonly graph: Graph,
    private readonly ops: LayerOps,
    private readonly schedule: Schedule,
    deepest: number,
  ) {
    const { stages, passes, summed, axis } = schedule;
    this.axis = axis;
    this.last = stages.at(-1)!;
    const { layer } = this.last;
    this.lines = stages.slice(1).map(({ overlap }, i) => {
      const { layer: from, first, loop } = stages[i]!;
      const rows = Math.max(first, overlap + loop);
      return graph.tensor(`${from.name} (rows)`, rows * rowElements(from.output, axis) * 4, "activation");
    });
    const kept = summed ? layer.output.c : size(layer.output);
    this.output = graph.tensor(summed ? `${layer.name} (sum)` : layer.name, kept * 4, "activation");
    const gathered = ops.gatheredElements(layer);
    if (gathered > 0) this.gathered = graph.tensor(`${layer.name}.gathered`, gathered * 4, "saved");
    if (!summed || !layer.activation || layer.index < deepest) return;
    const words = maskWords(this.last, rowElements(layer.output, axis));
    this.mask = graph.tensor(`${layer.name}.mask`, (words.first + passes * words.loop) * 4, "mask");
  }

  run(): void {
    const { stages, passes, summed } = this.schedule;
    if (summed) this.graph.emit("fill", at(this.output), this.last.layer.output.c, floatBits(0));
    const part = (which: Part) =>
      stages.forEach((stage, i) => {
        if (stage[which] > 0) this.stage(i, stage, which);
      });
    part("first");
    this.graph.repeat(passes, () => part("loop"));
  }

  private stage(i: number, stage: Stage, part: Part): void {
    const rows = stage[part];
    const layer = ofRows(stage.layer, this.axis, inputRows(stage.layer, this.axis, rows), rows);
    const x = i === 0 ? this.decode(layer, stage, part) : this.endOf(this.lines[i - 1]!, size(layer.input));
    if (stage !== this.last) {
      const line = this.lines[i]!;
      if (part === "loop") this.moveUp(line, stage, this.schedule.stages[i + 1]!.overlap);
      const y = this.endOf(line, size(layer.output));
      this.ops.compute(layer, x, y);
      return this.activate(layer, y);
    }
    const gathered = this.gathered && { gathered: this.gatheredAt(this.gathered, stage, part) };
    if (this.schedule.summed) return this.add(layer, x, part, gathered);
    this.ops.compute(layer, x, rowsAt(this.output, part, stage, rowElements(layer.output, this.axis)), gathered);
  }

  /** The rows of the sample that the first layer needs; what two passes share is decoded twice. */
  private decode(layer: LayerShape, { first, loop, stride }: Stage, part: Part): Operand {
    const perRow = rowElements(layer.input, this.axis) * stride;
    const x = at(this.graph.tensor(named("input", part), size(layer.input) * 4, "activation"));
    if (part === "first") this.ops.input(x, size(layer.input));
    else this.ops.input(x, size(layer.input), first * perRow, loop * perRow);
    return x;
  }

  private endOf(line: Tensor, elements: number): Operand {
    return at(line, line.bytes / 4 - elements);
  }

  /** What the last pass left in a line's last rows, and this one needs, makes room for new rows. */
  private moveUp(line: Tensor, { layer, loop }: Stage, overlap: number): void {
    const perRow = rowElements(layer.output, this.axis);
    if (overlap === 0) return;
    const [from, to] = [overlap * perRow, (overlap + loop) * perRow];
    this.graph.emit("copy", this.endOf(line, from), this.endOf(line, to), overlap * perRow);
  }

  private gatheredAt(gathered: Tensor, { layer, first, loop, stride }: Stage, part: Part): Operand {
    const perRow = gathered.bytes / 4 / layer.input[this.axis];
    return rowsAt(gathered, part, { first: first * stride, loop: loop * stride }, perRow);
  }

  private activate({ activation, output }: LayerShape, y: Operand): void {
    if (activation) this.graph.emit("activation", Activation[activation], y, size(output));
  }

  private add(layer: LayerShape, x: Operand, part: Part, gathered: { gathered: Operand } | undefined): void {
    const { h, w, c } = layer.output;
    const y = at(this.graph.tensor(named(layer.name, part), size(layer.output) * 4, "activation"));
    this.ops.compute(layer, x, y, gathered);
    if (this.mask)
      this.graph.emit("activationMask", Activation[layer.activation!], y, this.maskAt(part), size(layer.output));
    else this.activate(layer, y);
    this.graph.emit("biasBackward", y, at(this.output), h * w, c, WeightGradient.accumulate); // adds up the columns
  }

  private maskAt(part: Part): Operand {
    return rowsAt(this.mask!, part, maskWords(this.last, rowElements(this.last.layer.output, this.axis)), 1);
  }

  /**
   * The gradients of the rows that were added up, a few at a time: `use` gets them, the last layer for so many rows, and those rows of its
   * trained input channels. @param mean the layer behind the prefix @param dy the gradient of its output
   */
  eachGradient(
    mean: LayerShape,
    dy: Tensor,
    use: (layer: LayerShape, dy: Operand, gathered: Operand | undefined) => void,
  ): void {
    const part = (which: Part) => {
      if (this.last[which] > 0) this.gradient(which, mean, dy, use);
    };
    part("first");
    this.graph.repeat(this.schedule.passes, () => part("loop"));
  }

  private gradient(part: Part, mean: LayerShape, dy: Tensor, use: Parameters<StripedPrefix["eachGradient"]>[2]): void {
    const { layer: whole } = this.last;
    const rows = this.last[part];
    const layer = ofRows(whole, this.axis, inputRows(whole, this.axis, rows), rows);
    const n = size(layer.output);
    const d = at(this.graph.tensor(named(`${layer.name}.gradient`, part), n * 4, "gradient"));
    this.graph.emit("fill", d, n, floatBits(0));
    this.graph.emit("averagePool2dBackward", at(dy), d, ...poolArgs({ ...mean, input: layer.output })); // the window ends with the rows
    if (this.mask) this.graph.emit("activationBackwardMask", this.maskAt(part), d, n);
    use(layer, d, this.gathered && this.gatheredAt(this.gathered, this.last, part));
  }
}
