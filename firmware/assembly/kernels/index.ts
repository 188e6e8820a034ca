// The layers, on addresses: lists of a plan's ops. Like the BLAS below them they serve three times: compiled into the guest (Node, or a
// guest that brings layers of its own), and translated to C, as imports of the interpreted guest and of the one ahead of time. There
// every access to the plan is checked, so nothing here may rely on linear memory of its own: state is in globals.
import { tick } from "blas";
import { OP_REPEAT } from "../spec.gen";
import { setRegion as bind, resolve as place, setArena, setPass, setRate } from "./operands";
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
  setPass(0); // a call that was ended may have left another
  for (; count > 0; count--) {
    const op = load<u32>(list) & 0xffff;
    const a = list + 4;
    list = behind(list);
    if (op == OP_REPEAT) {
      const ops = load<i32>(a);
      list = repeat(list, ops, load<u32>(a, 4));
      count -= ops;
    } else loss += runOp(op, a);
  }
  return loss;
}

/** Where the op at `list` ends. */
function behind(list: usize): usize {
  return list + 4 + ((load<u32>(list) >> 16) << 2);
}

/** Runs the `ops` ops from `body` on `times` times; returns where they end. None of them has a loss. */
function repeat(body: usize, ops: i32, times: u32): usize {
  let list = body;
  for (let pass: u32 = 0; pass < times; pass++, tick()) {
    setPass(pass);
    list = body;
    for (let left = ops; left > 0; left--, list = behind(list)) runOp(load<u32>(list) & 0xffff, list + 4);
  }
  setPass(0);
  return list;
}
