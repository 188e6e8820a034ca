// The sample of the running step: where it lies, its label, and the op that reads it.
import { sdecodeI16, sdecodeU8, sscaleBias } from "blas";
import { SAMPLE_TYPE_I16, SAMPLE_TYPE_U8 } from "../spec.gen";
import { int, operand, runningPass } from "./operands";

let sampleAt: usize = 0;
let sampleLabel: i32 = 0;
let sampleType: u32 = 0;

export function setSample(at: usize, label: i32, type: u32): void {
  sampleAt = at;
  sampleLabel = label;
  sampleType = type;
}

export function label(): i32 {
  return sampleLabel;
}

/** y(n) = part of the sample . scale + offset, per channel: arguments y n c scale offset first step. */
export function input(a: usize): void {
  const c = int(a, 2);
  const n = c > 0 ? int(a, 1) / c : 0;
  const y = operand(a, 0);
  const scale = operand(a, 3);
  const offset = operand(a, 4);
  const first = <usize>int(a, 5) + <usize>int(a, 6) * runningPass();
  if (sampleType == SAMPLE_TYPE_U8) sdecodeU8(n, c, sampleAt + first, scale, offset, y);
  else if (sampleType == SAMPLE_TYPE_I16) sdecodeI16(n, c, sampleAt + (first << 1), scale, offset, y);
  else sscaleBias(n, c, sampleAt + (first << 2), scale, offset, y);
}
