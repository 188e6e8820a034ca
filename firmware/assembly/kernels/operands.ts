// An op's arguments: 32-bit words of the plan at `a`, in the order of firmware/spec/plan.json. An operand word is an offset into the
// arena, or a read-only region (top four bits) plus an offset into it; regions' bases are bound by the host. One that moves lies further
// on in each pass of a repeat.
import {
  NONE,
  REGION_DELTA,
  REGION_FROZEN,
  REGION_MOVING,
  REGION_RESIDUAL,
  REGION_SAMPLES,
  REGION_SLICE,
} from "../spec.gen";

let arenaAt: usize = 0;
let rate: f32 = 0;
let pass: u32 = 0;

// Where each region begins. One that is not bound begins at its own word, which no board takes for an address.
let frozenAt: usize = 0x80000000;
let sliceAt: usize = 0x90000000;
let deltaAt: usize = 0xa0000000;
let residualAt: usize = 0xb0000000;
let samplesAt: usize = 0xc0000000;

/** Arena offsets count from here: the plan's first byte. */
export function setArena(at: usize): void {
  arenaAt = at;
}

export function setRegion(region: i32, at: usize): void {
  if (region == REGION_FROZEN) frozenAt = at;
  else if (region == REGION_SLICE) sliceAt = at;
  else if (region == REGION_DELTA) deltaAt = at;
  else if (region == REGION_RESIDUAL) residualAt = at;
  else samplesAt = at;
}

/** The learning rate of the running step, for weights that descend at once. */
export function setRate(learningRate: f32): void {
  rate = learningRate;
}
export function learningRate(): f32 {
  return rate;
}

/** The running pass of a repeat; 0 outside of one. */
export function setPass(number: u32): void {
  pass = number;
}
export function runningPass(): u32 {
  return pass;
}

/** The address that an operand word means. */
export function resolve(word: u32): usize {
  const region = word >> 28;
  if (region == 0) return arenaAt + word;
  if (region == REGION_MOVING) return arenaAt + (((word & 0xffff) + pass * ((word >> 16) & 0xfff)) << 2);
  return base(region) + (word & 0x0fffffff);
}
function base(region: u32): usize {
  if (region == REGION_FROZEN) return frozenAt;
  if (region == REGION_SLICE) return sliceAt;
  if (region == REGION_DELTA) return deltaAt;
  if (region == REGION_RESIDUAL) return residualAt;
  return region == REGION_SAMPLES ? samplesAt : (<usize>region) << 28; // no region: the boundary refuses its words
}

export function int(a: usize, i: i32): i32 {
  return load<i32>(a + ((<usize>i) << 2));
}
export function float(a: usize, i: i32): f32 {
  return load<f32>(a + ((<usize>i) << 2));
}
export function operand(a: usize, i: i32): usize {
  return resolve(load<u32>(a + ((<usize>i) << 2)));
}
export function given(a: usize, i: i32): bool {
  return load<u32>(a + ((<usize>i) << 2)) != NONE;
}

/** What a weight gradient is multiplied with: 1 when it accumulates, -learning rate when the weights descend at once. */
export function gradientFactor(mode: i32): f32 {
  return mode ? -rate : 1;
}
