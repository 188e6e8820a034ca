// The layers, on addresses: lists of a plan's ops. Like the BLAS below them they serve three times: compiled into the guest (Node, or a
// guest that brings layers of its own), and translated to C, as imports of the interpreted guest and of the one ahead of time. There
// every access to the plan is checked, so nothing here may rely on linear memory of its own: state is in globals.
import { setRegion as bind, resolve as place, setArena, setRate } from "./operands";
import { runOp } from "./ops";
import { setSample } from "./sample";

/** The read-only region (8..12) begins at `at`. */
export function setRegion(region: i32, at: usize): void {
  bind(region, at);
}
/** The address that a word means whose top four bits are a region and the rest an offset into it. */
export function resolve(word: i32): usize {
  return place(<u32>word);
}

/**
 * Runs `count` ops, which follow each other at `list`, over the arena at `arena` on the sample at `sampleAt` (elements of `sampleType`).
 * Returns the sum of their losses.
 */
export function run(
  arena: usize,
  list: usize,
  count: i32,
  sampleAt: usize,
  sampleType: i32,
  label: i32,
  learningRate: f32,
): f32 {
  let loss: f32 = 0;
  setArena(arena);
  setRate(learningRate);
  setSample(sampleAt, label, sampleType);
  for (; count > 0; count--) {
    const head = load<u32>(list);
    loss += runOp(head & 0xffff, list + 4);
    list += 4 + ((head >> 16) << 2);
  }
  return loss;
}
