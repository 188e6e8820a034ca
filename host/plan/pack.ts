// Gives tensors their offsets in the arena: tensors that are alive at the same time must not overlap. This is dynamic storage
// allocation, NP-hard in general; greedy first fit in several well-known orders comes within a few per cent on networks (Pisarchyk and Lee,
// "Efficient Memory Management for Deep Neural Net Inference", 2020). The best order wins; the lower bound says how far off it is.

import type { Tensor } from "./graph.ts";

const life = (t: Tensor) => t.to - t.from + 1;
const orders: Record<string, (a: Tensor, b: Tensor) => number> = {
  "largest first": (a, b) => b.bytes - a.bytes || a.from - b.from,
  "longest life first": (a, b) => life(b) - life(a) || b.bytes - a.bytes,
  "largest area first": (a, b) => b.bytes * life(b) - a.bytes * life(a),
  "in order of use": (a, b) => a.from - b.from || b.bytes - a.bytes,
  "last use first": (a, b) => b.to - a.to || b.bytes - a.bytes,
};

/** The lowest offset of at least `base` at which `bytes` fit between the placed tensors that live at the same time. */
function firstFit(tensor: Tensor, placed: Tensor[], base: number): number {
  let offset = base;
  for (const other of placed) {
    if (other.to < tensor.from || other.from > tensor.to) continue;
    if (other.offset >= offset + tensor.bytes) break;
    offset = Math.max(offset, other.offset + other.bytes);
  }
  return offset;
}

function packInOrder(tensors: Tensor[], base: number): { offsets: number[]; end: number } {
  const placed: Tensor[] = [];
  const offsets = new Map<Tensor, number>();
  let end = base;
  for (const tensor of tensors) {
    tensor.offset = firstFit(tensor, placed, base);
    offsets.set(tensor, tensor.offset);
    end = Math.max(end, tensor.offset + tensor.bytes);
    const at = placed.findIndex((p) => p.offset > tensor.offset);
    placed.splice(at < 0 ? placed.length : at, 0, tensor);
  }
  return { offsets: tensors.map((t) => offsets.get(t)!), end };
}

export interface Packing {
  end: number; // one past the last byte
  lowerBound: number; // bytes alive at the busiest moment, plus base
  order: string;
}

/** Sets every tensor's offset, from `base` on. */
export function pack(tensors: Tensor[], base: number): Packing {
  let best: { end: number; order: string; sorted: Tensor[]; offsets: number[] } | undefined;
  for (const [order, compare] of Object.entries(orders)) {
    const sorted = tensors.toSorted(compare);
    const { offsets, end } = packInOrder(sorted, base);
    if (!best || end < best.end) best = { end, order, sorted, offsets };
  }
  if (!best) throw new RangeError("there is no packing order");
  const { sorted, offsets, end, order } = best;
  sorted.forEach((t, i) => {
    t.offset = offsets[i]!;
  });
  return { end, lowerBound: base + busiest(tensors), order };
}

function busiest(tensors: Tensor[]): number {
  return Math.max(
    0,
    ...tensors.map(({ from }) =>
      tensors.filter((t) => t.from <= from && t.to >= from).reduce((sum, t) => sum + t.bytes, 0),
    ),
  );
}
