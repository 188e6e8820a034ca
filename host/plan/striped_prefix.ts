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
  private readonly mask: Tensor | undefined; // of the last layer, where its rows are added up
  private readonly lineMask: Tensor | undefined; // of the layer before it, where backward goes on to that one
  private readonly down: boolean;
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
    this.down = summed && deepest < layer.index;
    if (!summed || layer.index < deepest) return;
    const masked = ({ name, activation }: LayerShape, words: { first: number; loop: number }, end = 0) =>
      activation ? graph.tensor(`${name}.mask`, (words.first + passes * words.loop + end) * 4, "mask") : undefined;
    this.mask = masked(layer, maskWords(this.last, rowElements(layer.output, axis)));
    if (this.down) this.lineMask = masked(stages[0]!.layer, this.lineWords(), this.lineEndWords());
  }

  /** Rows of the line whose gradient is whole after each part: those that no later window covers. */
  private done(): { first: number; loop: number; end: number } {
    const { first, loop, stride, overlap } = this.last;
    return { first: first * stride, loop: loop * stride, end: overlap };
  }

  private perLineRow(): number {
    return rowElements(this.last.layer.input, this.axis);
  }

  private lineWords(): { first: number; loop: number } {
    const { first, loop } = this.done();
    return { first: Math.ceil((first * this.perLineRow()) / 32), loop: Math.ceil((loop * this.perLineRow()) / 32) };
  }

  private lineEndWords(): number {
    return Math.ceil((this.done().end * this.perLineRow()) / 32);
  }

  private lineMaskAt(part: Part | "end"): Operand {
    const words = this.lineWords();
    if (part === "end") return at(this.lineMask!, words.first + this.schedule.passes * words.loop);
    return rowsAt(this.lineMask!, part, words, 1);
  }

  /** A relu's output is its own relu: the mask can be made when the rows are about to leave the line. */
  private keepLineMask(part: Part | "end", rows: number): void {
    if (!this.lineMask || this.done()[part] === 0) return;
    const y = this.endOf(this.lines[0]!, rows * this.perLineRow());
    const { activation } = this.schedule.stages[0]!.layer;
    const n = this.done()[part] * this.perLineRow();
    this.graph.emit("activationMask", Activation[activation!], y, this.lineMaskAt(part), n);
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
    this.keepLineMask("end", this.last.overlap);
  }

  private stage(i: number, stage: Stage, part: Part): void {
    const rows = stage[part];
    const layer = ofRows(stage.layer, this.axis, inputRows(stage.layer, this.axis, rows), rows);
    const x = i === 0 ? this.decode(layer, stage, part) : this.endOf(this.lines[i - 1]!, size(layer.input));
    if (stage !== this.last) {
      const line = this.lines[i]!;
      if (part === "loop") this.moveUp(line, stage, this.schedule.stages[i + 1]!.overlap);
      const y = this.endOf(line, size(layer.output));
      this.ops.compute(layer, x, y, this.gatheredTile(layer, part));
      this.activate(layer, y);
      return this.keepLineMask(part, part === "first" ? rows : rows + this.last.overlap);
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

  /** A channel-sparse layer of whose trained input channels nothing is kept. */
  private gatheredTile(layer: LayerShape, part: Part): { gathered: Operand } | undefined {
    const count = this.ops.gatheredElements(layer);
    if (count === 0) return undefined;
    return { gathered: at(this.graph.tensor(named(`${layer.name}.gathered`, part), count * 4, "activation")) };
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
   * As eachGradient, and further down: `toInput` adds to the gradient of the line (dx) what rows of the last layer's output give it, and
   * `below` gets those rows of it that are whole, the first layer for so many rows, and its input for them.
   */
  goDown(
    mean: LayerShape,
    dy: Tensor,
    use: (layer: LayerShape, dy: Operand) => void,
    toInput: (layer: LayerShape, dy: Operand, dx: Operand) => void,
    below: (layer: LayerShape, dy: Operand, x: Operand) => void,
  ): void {
    const { first, loop, stride, overlap } = this.last;
    const perRow = this.perLineRow();
    const { layer: one, stride: step } = this.schedule.stages[0]!;
    const line = this.graph.tensor(
      `${one.name}.gradient (rows)`,
      (Math.max(first, loop) * stride + overlap) * perRow * 4,
      "gradient",
    );
    const part = (which: Part | "end") => {
      const rows = which === "end" ? 0 : this.last[which];
      const [kept, fresh] = which === "first" ? [0, rows * stride + overlap] : [overlap, rows * stride];
      if (fresh > 0) this.graph.emit("fill", at(line, kept * perRow), fresh * perRow, floatBits(0));
      if (which !== "end" && rows > 0)
        this.gradient(which, mean, dy, (layer, d) => {
          use(layer, d);
          toInput(layer, d, at(line));
        });
      const done = this.done()[which];
      if (done === 0) return;
      const layer = ofRows(one, this.axis, inputRows(one, this.axis, done), done);
      if (this.lineMask) this.graph.emit("activationBackwardMask", this.lineMaskAt(which), at(line), done * perRow);
      const before =
        which === "first" ? 0 : first * stride + (which === "end" ? this.schedule.passes * loop * stride : 0);
      below(layer, at(line), this.sampleRows(layer, which, before * step, loop * stride * step));
      if (which !== "end" && overlap > 0) this.graph.emit("copy", at(line, done * perRow), at(line), overlap * perRow);
    };
    part("first");
    this.graph.repeat(this.schedule.passes, () => part("loop"));
    part("end");
  }

  private sampleRows(layer: LayerShape, part: Part | "end", first: number, step: number): Operand {
    const perRow = rowElements(layer.input, this.axis);
    const x = at(this.graph.tensor(`input (${part} rows again)`, size(layer.input) * 4, "activation"));
    this.ops.input(x, size(layer.input), first * perRow, part === "loop" ? step * perRow : 0);
    const kept = this.gatheredAgain(layer, part);
    if (!kept) return x;
    this.ops.gather(layer, x, kept);
    return kept;
  }

  private gatheredAgain(layer: LayerShape, part: Part | "end"): Operand | undefined {
    const count = this.ops.gatheredElements(layer);
    if (count === 0) return undefined;
    return at(this.graph.tensor(`${layer.name}.gathered (${part} rows again)`, count * 4, "activation"));
  }

  /** True when backward goes on to the layer before the last one. */
  get goesDown(): boolean {
    return this.down;
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
