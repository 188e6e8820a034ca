// An op's arguments: 32-bit words of the plan at `a`, in the order of firmware/spec/plan.json. An operand word is an offset into the
// arena, or a read-only region (top four bits) plus an offset into it; regions' bases are bound by the host.
import { NONE } from "../spec.gen";

// Where each region begins. One that is not bound begins at its own word, which no board takes for an address.
const bases = memory.data<u32>([
  0, 0x10000000, 0x20000000, 0x30000000, 0x40000000, 0x50000000, 0x60000000, 0x70000000, 0x80000000, 0x90000000,
  0xa0000000, 0xb0000000, 0xc0000000, 0xd0000000, 0xe0000000, 0xf0000000,
]);
let arenaAt: usize = 0;
let rate: f32 = 0;

/** Arena offsets count from here: the plan's first byte. */
export function setArena(at: usize): void {
  arenaAt = at;
}

export function setRegion(region: i32, at: usize): void {
  store<u32>(bases + ((<usize>region) << 2), <u32>at);
}

/** The learning rate of the running step, for weights that descend at once. */
export function setRate(learningRate: f32): void {
  rate = learningRate;
}
export function learningRate(): f32 {
  return rate;
}

/** The address that an operand word means. */
export function resolve(word: u32): usize {
  const region = word >> 28;
  if (region == 0) return arenaAt + word;
  return load<u32>(bases + (region << 2)) + (word & 0x0fffffff);
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
