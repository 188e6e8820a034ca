// A short test that needs no plan: a list of ops over known numbers, written where a plan would lie. Kernels that fail it are not put to use.
import { tick } from "blas";
import { run } from "../kernels";
import { ERR_GUEST_SELFTEST, OP_CONV2D, OP_DENSE, OP_FILL, OP_SOFTMAX, SAMPLE_TYPE_F32 } from "../spec.gen";
import { planAt } from "./plan";

// Offsets from planAt; the list begins at 0.
const x = 256;
const w = x + 4 * 4;
const b = w + 12 * 4;
const y = b + 3 * 4;
const c = y + 3 * 4;

let end: usize = 0; // of the list

function word(value: u32): void {
  store<u32>(end, value);
  end += 4;
}
function op(code: u32, words: u32, a0: u32, a1: u32, a2: u32): void {
  word(code | (words << 16));
  word(a0);
  word(a1);
  word(a2);
}
function value(at: usize): f32 {
  return load<f32>(planAt() + at);
}
function three(at: usize, first: f32, second: f32, third: f32): bool {
  return value(at) == first && value(at + 4) == second && value(at + 8) == third;
}

// Parts, as in plan.ts: each fits the interpreter's native stack, and a loop over them does not lay one upon another.

function writeList(): void {
  const at = planAt();
  for (let i = 0; i < 12; i++, tick()) store<f32>(at + w + ((<usize>i) << 2), <f32>(i + 1));
  for (let i = 0; i < 4; i++, tick()) store<f32>(at + x + ((<usize>i) << 2), <f32>-i + <f32>1);
  end = at;
  op(OP_FILL, 3, b, 3, reinterpret<u32>(<f32>0.5));
  op(OP_DENSE, 6, x, w, b); // rows (1 2 3 4), (5 6 7 8), (9 10 11 12) times (1 0 -1 -2), plus 0.5
  word(y);
  word(4);
  word(3);
  op(OP_FILL, 3, c, 3, 0);
  op(OP_CONV2D, 15, x, w, c); // (1 0 -1 -2) with (1 2): 1, -2, -5
  for (let i = 0; i < 12; i++) word(<u32>(i == 1 ? 4 : i == 4 ? 3 : i == 7 ? 2 : i >= 10 ? 0 : 1));
}

function products(): bool {
  const at = planAt();
  run(at, at, 4, at, <i32>SAMPLE_TYPE_F32, 0, 0);
  return three(y, -9.5, -17.5, -25.5) && three(c, 1, -2, -5);
}

function softmax(): bool {
  const at = planAt();
  end = at;
  op(OP_SOFTMAX, 3, c, c, 3);
  run(at, at, 1, at, <i32>SAMPLE_TYPE_F32, 0, 0);
  const sum = value(c) + value(c + 4) + value(c + 8);
  return abs<f32>(sum - <f32>1) <= <f32>1e-6 && abs<f32>(value(c) - <f32>0.9503301) <= <f32>1e-5;
}

function passes(part: i32): bool {
  if (part == 1) return products();
  if (part == 2) return softmax();
  writeList();
  return true;
}

export function runSelfTest(): i32 {
  for (let part = 0; part < 3; part++, tick()) if (!passes(part)) return ERR_GUEST_SELFTEST;
  return 0;
}
