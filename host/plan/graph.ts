// What lowering writes into: tensors whose lifetimes grow with each use, and four lists of ops whose operands are symbolic until the
// packer has given each tensor its offset.

import { none, type OpName, ops, Region } from "../wire/spec.gen.ts";
import type { PlannedTensor } from "./types.ts";

export interface Tensor {
  name: string;
  bytes: number;
  role: PlannedTensor["role"];
  from: number; // first op that touches it
  to: number; // last one, inclusive
  offset: number; // set by the packer
}

/** An operand: `bytes` into a tensor of the arena, `step` more in each next pass of a repeat; a place in the frozen image; or nothing. */
export type Operand = { tensor: Tensor; bytes: number; step?: number } | { frozen: number } | "none";
export type Argument = number | Operand;
export interface Op {
  name: OpName;
  args: Argument[];
}
export type ListName = "forward" | "infer" | "train" | "apply";

export const roundUp = (bytes: number): number => (bytes + 3) & ~3;

/** Collects ops and tensors in program order; the lists follow each other in time. */
export class Graph {
  readonly lists: Record<ListName, Op[]> = { forward: [], infer: [], train: [], apply: [] };
  readonly tensors: Tensor[] = [];
  private list: ListName = "forward";
  private time = 0;

  /** What follows goes into `list`; lists are entered in the order forward, infer, train, apply. */
  enter(list: ListName): void {
    this.list = list;
  }

  /** A tensor that lives from its first use to its last one. */
  tensor(name: string, bytes: number, role: PlannedTensor["role"]): Tensor {
    const tensor = { name, bytes: roundUp(bytes), role, from: Number.POSITIVE_INFINITY, to: -1, offset: -1 };
    this.tensors.push(tensor);
    return tensor;
  }

  emit(name: OpName, ...args: Argument[]): void {
    if (args.length !== ops[name].args.length)
      throw new RangeError(`${name} takes ${ops[name].args.length} arguments, not ${args.length}`);
    this.lists[this.list].push({ name, args });
    for (const arg of args) if (typeof arg === "object" && "tensor" in arg) this.use(arg.tensor);
    this.time++;
  }

  /**
   * What `body` emits runs `times` times. Tensors that it uses and that are older, or that an operand moves in, outlive a pass: nothing may
   * take their place between two passes.
   */
  repeat(times: number, body: () => void): void {
    const ops = this.lists[this.list];
    const [start, first] = [this.time, ops.length + 1];
    this.emit("repeat", 0, times);
    body();
    ops[first - 1]!.args[0] = ops.length - first;
    for (const arg of ops.slice(first).flatMap((op) => op.args)) {
      if (typeof arg !== "object" || !("tensor" in arg) || (!arg.step && arg.tensor.from >= start)) continue;
      arg.tensor.from = Math.min(arg.tensor.from, start);
      arg.tensor.to = Math.max(arg.tensor.to, this.time - 1);
    }
  }

  /** The tensor is needed now, though no op names it (scratch, outputs that the host reads). */
  use(tensor: Tensor): void {
    tensor.from = Math.min(tensor.from, this.time);
    tensor.to = Math.max(tensor.to, this.time);
  }

  /** Time passes without an op. */
  tick(): void {
    this.time++;
  }

  /** The tensor lives for the whole plan. Call when everything is emitted. */
  keep(tensor: Tensor): void {
    tensor.from = 0;
    tensor.to = this.time;
  }
}

export const at = (tensor: Tensor, elements = 0): Operand => ({ tensor, bytes: elements * 4 });

/** In each next pass of a repeat `step` elements further on. */
export const moving = (tensor: Tensor, elements: number, step: number): Operand => ({
  tensor,
  bytes: elements * 4,
  step: step * 4,
});

/** An operand of the arena, so many elements further on. */
export function behind(operand: Operand, elements: number): Operand {
  if (operand === "none" || !("tensor" in operand)) throw new RangeError("only operands in the arena can be moved");
  return { ...operand, bytes: operand.bytes + elements * 4 };
}

/** False for an operand that moves further than its word can say. */
export function canEncode(arg: Operand): boolean {
  if (typeof arg !== "object" || !("tensor" in arg) || !arg.step) return true;
  return (arg.tensor.offset + arg.bytes) >> 2 <= 0xffff && arg.step >> 2 <= 0xfff;
}

/** The word that the guest reads for an argument. */
export function wordOf(arg: Argument): number {
  if (typeof arg === "number") return arg >>> 0;
  if (arg === "none") return none;
  if ("frozen" in arg) return ((Region.frozen << 28) | arg.frozen) >>> 0;
  if (arg.tensor.offset < 0) throw new RangeError(`${arg.tensor.name} has no place yet`);
  if (!canEncode(arg)) throw new RangeError(`${arg.tensor.name} moves too far`);
  const offset = arg.tensor.offset + arg.bytes;
  if (!arg.step) return offset;
  return ((Region.moving << 28) | ((arg.step >> 2) << 16) | (offset >> 2)) >>> 0;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
/** A float argument, by its bits. */
export function floatBits(value: number): number {
  float[0] = value;
  return bits[0]!;
}
