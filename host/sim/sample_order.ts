// In which order a task visits the samples: the twin of firmware/core/session/order.c, held to it by tests/core/order.test.ts.

/** murmur3's finaliser, on 32 bits. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Index (0..count-1) of the sample of step `step` (from 0) of a task with `seed` over `count` samples (not 0). */
export function sampleIndex(seed: number, step: number, count: number): number {
  const first = mix(seed ^ mix(Math.floor(step / count) + 0x9e3779b9));
  const second = mix(first + 0x9e3779b9);
  let a = (first % count) + 1;
  while (commonDivisor(a, count) !== 1) a = (a % count) + 1;
  return Number((BigInt(a) * BigInt(step % count) + BigInt(second % count)) % BigInt(count));
}
