// Inner loops that the BLAS inlines: dot products, multiply-adds, four rows at a time. Loads come before stores and eight elements go per
// turn, because that is what a Cortex-M4F and a compiler both like. Not exported to the guest.

import { addTimes, endOf4 } from "./vectors";

/** Σ a[i] b[i], in order of i. */
export function dot(a: usize, b: usize, n: i32): f32 {
  let s: f32 = 0;
  const e8 = a + ((<usize>n >> 3) << 5);
  const e = a + ((<usize>n) << 2);
  while (a < e8) {
    s += load<f32>(a) * load<f32>(b);
    s += load<f32>(a, 4) * load<f32>(b, 4);
    s += load<f32>(a, 8) * load<f32>(b, 8);
    s += load<f32>(a, 12) * load<f32>(b, 12);
    s += load<f32>(a, 16) * load<f32>(b, 16);
    s += load<f32>(a, 20) * load<f32>(b, 20);
    s += load<f32>(a, 24) * load<f32>(b, 24);
    s += load<f32>(a, 28) * load<f32>(b, 28);
    a += 32;
    b += 32;
  }
  while (a < e) {
    s += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return s;
}

/** y += k x */
export function axpy(k: f32, x: usize, y: usize, n: i32): void {
  if (ASC_FEATURE_SIMD)
    for (const e4 = endOf4(x, n); x < e4; x += 16, y += 16, n -= 4)
      v128.store(y, addTimes(v128.load(y), f32x4.splat(k), v128.load(x)));
  const e8 = x + ((<usize>n >> 3) << 5);
  const e = x + ((<usize>n) << 2);
  while (x < e8) {
    const v0 = load<f32>(y) + k * load<f32>(x);
    const v1 = load<f32>(y, 4) + k * load<f32>(x, 4);
    const v2 = load<f32>(y, 8) + k * load<f32>(x, 8);
    const v3 = load<f32>(y, 12) + k * load<f32>(x, 12);
    const v4 = load<f32>(y, 16) + k * load<f32>(x, 16);
    const v5 = load<f32>(y, 20) + k * load<f32>(x, 20);
    const v6 = load<f32>(y, 24) + k * load<f32>(x, 24);
    const v7 = load<f32>(y, 28) + k * load<f32>(x, 28);
    store<f32>(y, v0);
    store<f32>(y, v1, 4);
    store<f32>(y, v2, 8);
    store<f32>(y, v3, 12);
    store<f32>(y, v4, 16);
    store<f32>(y, v5, 20);
    store<f32>(y, v6, 24);
    store<f32>(y, v7, 28);
    x += 32;
    y += 32;
  }
  while (x < e) {
    store<f32>(y, load<f32>(y) + k * load<f32>(x));
    x += 4;
    y += 4;
  }
}

/** y += k a . b, element by element. */
export function multiply(k: f32, a: usize, b: usize, y: usize, n: i32): void {
  for (const e = a + ((<usize>n) << 2); a < e; a += 4, b += 4, y += 4)
    store<f32>(y, load<f32>(y) + k * load<f32>(a) * load<f32>(b));
}

/** y += a . q . g, element by element, q int8. */
export function multiplyInt8(a: usize, q: usize, g: usize, y: usize, n: i32): void {
  for (const e = q + <usize>n; q < e; a += 4, q += 1, g += 4, y += 4)
    store<f32>(y, load<f32>(y) + load<f32>(a) * (<f32>load<i8>(q) * load<f32>(g)));
}
