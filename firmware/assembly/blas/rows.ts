// Loops over several rows at once, which the BLAS inlines: rows share their loads, and a pass over eight takes half the instructions that
// eight passes take. Two columns go per turn, four where rows are written: a Cortex-M4 loads two f32 in one instruction, which is what a
// load of 64 bits is for (first, second). Each load is followed by its pointer's step, which is part of the same instruction. guest.mk
// keeps the C compiler from undoing either. Every element is computed in the order of the loop over one row: results depend neither on how
// many rows go together nor on how many columns.

import { addTimes, endOf4, tile1By8 } from "./vectors";

/** The first and the second f32 of two that one load has brought. */
export function first(pair: u64): f32 {
  return reinterpret<f32>(<u32>pair);
}
export function second(pair: u64): f32 {
  return reinterpret<f32>(<u32>(pair >> 32));
}

/** y += sum, times the scale at g where the weights are of type i8 and not f32; `at`, a constant, is added to both addresses. */
export function addSum<W>(sum: f32, g: usize, y: usize, at: usize): void {
  if (isInteger<W>()) store<f32>(y + at, load<f32>(y + at) + load<f32>(g + at) * sum);
  else store<f32>(y + at, load<f32>(y + at) + sum);
}

/** y[0..3] += rows 0..3 of A (stride `s` bytes) · x. */
export function dot4(A: usize, s: usize, x: usize, y: usize, n: i32): void {
  let a1 = A + s;
  let a2 = a1 + s;
  let a3 = a2 + s;
  let p0: f32 = 0;
  let p1: f32 = 0;
  let p2: f32 = 0;
  let p3: f32 = 0;
  const e = x + ((<usize>n) << 2);
  for (const e2 = x + ((<usize>n >> 1) << 3); x < e2; ) {
    const u = load<f32>(x);
    x += 4;
    const v = load<f32>(x);
    x += 4;
    const w0 = load<u64>(A);
    A += 8;
    p0 += u * first(w0);
    p0 += v * second(w0);
    const w1 = load<u64>(a1);
    a1 += 8;
    p1 += u * first(w1);
    p1 += v * second(w1);
    const w2 = load<u64>(a2);
    a2 += 8;
    p2 += u * first(w2);
    p2 += v * second(w2);
    const w3 = load<u64>(a3);
    a3 += 8;
    p3 += u * first(w3);
    p3 += v * second(w3);
  }
  for (; x < e; ) {
    const u = load<f32>(x);
    x += 4;
    p0 += u * load<f32>(A);
    A += 4;
    p1 += u * load<f32>(a1);
    a1 += 4;
    p2 += u * load<f32>(a2);
    a2 += 4;
    p3 += u * load<f32>(a3);
    a3 += 4;
  }
  store<f32>(y, load<f32>(y) + p0);
  store<f32>(y, load<f32>(y, 4) + p1, 4);
  store<f32>(y, load<f32>(y, 8) + p2, 8);
  store<f32>(y, load<f32>(y, 12) + p3, 12);
}

/** y[0..7] += rows 0..7 of A (W, stride `s` bytes) · x, each times its scale at g where W is i8. */
export function dot8<W>(A: usize, s: usize, g: usize, x: usize, y: usize, n: i32): void {
  if (ASC_FEATURE_SIMD) {
    tile1By8<W>(x, 0, A, s, 0, g, y, 1, n);
    return;
  }
  let a1 = A + s;
  let a2 = a1 + s;
  let a3 = a2 + s;
  let a4 = a3 + s;
  let a5 = a4 + s;
  let a6 = a5 + s;
  let a7 = a6 + s;
  let p0: f32 = 0;
  let p1: f32 = 0;
  let p2: f32 = 0;
  let p3: f32 = 0;
  let p4: f32 = 0;
  let p5: f32 = 0;
  let p6: f32 = 0;
  let p7: f32 = 0;
  const e = x + ((<usize>n) << 2);
  if (isFloat<W>())
    for (const e2 = x + ((<usize>n >> 1) << 3); x < e2; ) {
      const u = load<f32>(x);
      x += 4;
      const v = load<f32>(x);
      x += 4;
      const w0 = load<u64>(A);
      A += 8;
      p0 += u * first(w0);
      p0 += v * second(w0);
      const w1 = load<u64>(a1);
      a1 += 8;
      p1 += u * first(w1);
      p1 += v * second(w1);
      const w2 = load<u64>(a2);
      a2 += 8;
      p2 += u * first(w2);
      p2 += v * second(w2);
      const w3 = load<u64>(a3);
      a3 += 8;
      p3 += u * first(w3);
      p3 += v * second(w3);
      const w4 = load<u64>(a4);
      a4 += 8;
      p4 += u * first(w4);
      p4 += v * second(w4);
      const w5 = load<u64>(a5);
      a5 += 8;
      p5 += u * first(w5);
      p5 += v * second(w5);
      const w6 = load<u64>(a6);
      a6 += 8;
      p6 += u * first(w6);
      p6 += v * second(w6);
      const w7 = load<u64>(a7);
      a7 += 8;
      p7 += u * first(w7);
      p7 += v * second(w7);
    }
  for (; x < e; ) {
    const u = load<f32>(x);
    x += 4;
    p0 += u * <f32>load<W>(A);
    A += sizeof<W>();
    p1 += u * <f32>load<W>(a1);
    a1 += sizeof<W>();
    p2 += u * <f32>load<W>(a2);
    a2 += sizeof<W>();
    p3 += u * <f32>load<W>(a3);
    a3 += sizeof<W>();
    p4 += u * <f32>load<W>(a4);
    a4 += sizeof<W>();
    p5 += u * <f32>load<W>(a5);
    a5 += sizeof<W>();
    p6 += u * <f32>load<W>(a6);
    a6 += sizeof<W>();
    p7 += u * <f32>load<W>(a7);
    a7 += sizeof<W>();
  }
  addSum<W>(p0, g, y, 0);
  addSum<W>(p1, g, y, 4);
  addSum<W>(p2, g, y, 8);
  addSum<W>(p3, g, y, 12);
  addSum<W>(p4, g, y, 16);
  addSum<W>(p5, g, y, 20);
  addSum<W>(p6, g, y, 24);
  addSum<W>(p7, g, y, 28);
}

/** y0 += k0 x, ..., y3 += k3 x. */
export function ger4(
  k0: f32,
  k1: f32,
  k2: f32,
  k3: f32,
  y0: usize,
  y1: usize,
  y2: usize,
  y3: usize,
  x: usize,
  n: i32,
): void {
  const e = x + ((<usize>n) << 2);
  if (ASC_FEATURE_SIMD)
    for (const e4 = endOf4(x, n); x < e4; x += 16) {
      const v = v128.load(x);
      v128.store(y0, addTimes(v128.load(y0), f32x4.splat(k0), v));
      y0 += 16;
      v128.store(y1, addTimes(v128.load(y1), f32x4.splat(k1), v));
      y1 += 16;
      v128.store(y2, addTimes(v128.load(y2), f32x4.splat(k2), v));
      y2 += 16;
      v128.store(y3, addTimes(v128.load(y3), f32x4.splat(k3), v));
      y3 += 16;
    }
  else
    for (const e4 = x + ((<usize>n >> 2) << 4); x < e4; x += 16) {
      const a = load<f32>(x);
      const b = load<f32>(x, 4);
      const c = load<f32>(x, 8);
      const d = load<f32>(x, 12);
      const v0 = load<u64>(y0);
      store<f32>(y0, first(v0) + k0 * a);
      store<f32>(y0, second(v0) + k0 * b, 4);
      const w0 = load<u64>(y0, 8);
      store<f32>(y0, first(w0) + k0 * c, 8);
      store<f32>(y0, second(w0) + k0 * d, 12);
      y0 += 16;
      const v1 = load<u64>(y1);
      store<f32>(y1, first(v1) + k1 * a);
      store<f32>(y1, second(v1) + k1 * b, 4);
      const w1 = load<u64>(y1, 8);
      store<f32>(y1, first(w1) + k1 * c, 8);
      store<f32>(y1, second(w1) + k1 * d, 12);
      y1 += 16;
      const v2 = load<u64>(y2);
      store<f32>(y2, first(v2) + k2 * a);
      store<f32>(y2, second(v2) + k2 * b, 4);
      const w2 = load<u64>(y2, 8);
      store<f32>(y2, first(w2) + k2 * c, 8);
      store<f32>(y2, second(w2) + k2 * d, 12);
      y2 += 16;
      const v3 = load<u64>(y3);
      store<f32>(y3, first(v3) + k3 * a);
      store<f32>(y3, second(v3) + k3 * b, 4);
      const w3 = load<u64>(y3, 8);
      store<f32>(y3, first(w3) + k3 * c, 8);
      store<f32>(y3, second(w3) + k3 * d, 12);
      y3 += 16;
    }
  for (; x < e; ) {
    const u = load<f32>(x);
    x += 4;
    store<f32>(y0, load<f32>(y0) + k0 * u);
    y0 += 4;
    store<f32>(y1, load<f32>(y1) + k1 * u);
    y1 += 4;
    store<f32>(y2, load<f32>(y2) + k2 * u);
    y2 += 4;
    store<f32>(y3, load<f32>(y3) + k3 * u);
    y3 += 4;
  }
}

/** y0 += k0 x, ..., y7 += k7 x. */
export function ger8(
  k0: f32,
  k1: f32,
  k2: f32,
  k3: f32,
  k4: f32,
  k5: f32,
  k6: f32,
  k7: f32,
  y0: usize,
  y1: usize,
  y2: usize,
  y3: usize,
  y4: usize,
  y5: usize,
  y6: usize,
  y7: usize,
  x: usize,
  n: i32,
): void {
  const e = x + ((<usize>n) << 2);
  if (ASC_FEATURE_SIMD)
    for (const e4 = endOf4(x, n); x < e4; x += 16) {
      const v = v128.load(x);
      v128.store(y0, addTimes(v128.load(y0), f32x4.splat(k0), v));
      y0 += 16;
      v128.store(y1, addTimes(v128.load(y1), f32x4.splat(k1), v));
      y1 += 16;
      v128.store(y2, addTimes(v128.load(y2), f32x4.splat(k2), v));
      y2 += 16;
      v128.store(y3, addTimes(v128.load(y3), f32x4.splat(k3), v));
      y3 += 16;
      v128.store(y4, addTimes(v128.load(y4), f32x4.splat(k4), v));
      y4 += 16;
      v128.store(y5, addTimes(v128.load(y5), f32x4.splat(k5), v));
      y5 += 16;
      v128.store(y6, addTimes(v128.load(y6), f32x4.splat(k6), v));
      y6 += 16;
      v128.store(y7, addTimes(v128.load(y7), f32x4.splat(k7), v));
      y7 += 16;
    }
  else
    for (const e4 = x + ((<usize>n >> 2) << 4); x < e4; x += 16) {
      const a = load<f32>(x);
      const b = load<f32>(x, 4);
      const c = load<f32>(x, 8);
      const d = load<f32>(x, 12);
      const v0 = load<u64>(y0);
      store<f32>(y0, first(v0) + k0 * a);
      store<f32>(y0, second(v0) + k0 * b, 4);
      const w0 = load<u64>(y0, 8);
      store<f32>(y0, first(w0) + k0 * c, 8);
      store<f32>(y0, second(w0) + k0 * d, 12);
      y0 += 16;
      const v1 = load<u64>(y1);
      store<f32>(y1, first(v1) + k1 * a);
      store<f32>(y1, second(v1) + k1 * b, 4);
      const w1 = load<u64>(y1, 8);
      store<f32>(y1, first(w1) + k1 * c, 8);
      store<f32>(y1, second(w1) + k1 * d, 12);
      y1 += 16;
      const v2 = load<u64>(y2);
      store<f32>(y2, first(v2) + k2 * a);
      store<f32>(y2, second(v2) + k2 * b, 4);
      const w2 = load<u64>(y2, 8);
      store<f32>(y2, first(w2) + k2 * c, 8);
      store<f32>(y2, second(w2) + k2 * d, 12);
      y2 += 16;
      const v3 = load<u64>(y3);
      store<f32>(y3, first(v3) + k3 * a);
      store<f32>(y3, second(v3) + k3 * b, 4);
      const w3 = load<u64>(y3, 8);
      store<f32>(y3, first(w3) + k3 * c, 8);
      store<f32>(y3, second(w3) + k3 * d, 12);
      y3 += 16;
      const v4 = load<u64>(y4);
      store<f32>(y4, first(v4) + k4 * a);
      store<f32>(y4, second(v4) + k4 * b, 4);
      const w4 = load<u64>(y4, 8);
      store<f32>(y4, first(w4) + k4 * c, 8);
      store<f32>(y4, second(w4) + k4 * d, 12);
      y4 += 16;
      const v5 = load<u64>(y5);
      store<f32>(y5, first(v5) + k5 * a);
      store<f32>(y5, second(v5) + k5 * b, 4);
      const w5 = load<u64>(y5, 8);
      store<f32>(y5, first(w5) + k5 * c, 8);
      store<f32>(y5, second(w5) + k5 * d, 12);
      y5 += 16;
      const v6 = load<u64>(y6);
      store<f32>(y6, first(v6) + k6 * a);
      store<f32>(y6, second(v6) + k6 * b, 4);
      const w6 = load<u64>(y6, 8);
      store<f32>(y6, first(w6) + k6 * c, 8);
      store<f32>(y6, second(w6) + k6 * d, 12);
      y6 += 16;
      const v7 = load<u64>(y7);
      store<f32>(y7, first(v7) + k7 * a);
      store<f32>(y7, second(v7) + k7 * b, 4);
      const w7 = load<u64>(y7, 8);
      store<f32>(y7, first(w7) + k7 * c, 8);
      store<f32>(y7, second(w7) + k7 * d, 12);
      y7 += 16;
    }
  for (; x < e; ) {
    const u = load<f32>(x);
    x += 4;
    store<f32>(y0, load<f32>(y0) + k0 * u);
    y0 += 4;
    store<f32>(y1, load<f32>(y1) + k1 * u);
    y1 += 4;
    store<f32>(y2, load<f32>(y2) + k2 * u);
    y2 += 4;
    store<f32>(y3, load<f32>(y3) + k3 * u);
    y3 += 4;
    store<f32>(y4, load<f32>(y4) + k4 * u);
    y4 += 4;
    store<f32>(y5, load<f32>(y5) + k5 * u);
    y5 += 4;
    store<f32>(y6, load<f32>(y6) + k6 * u);
    y6 += 4;
    store<f32>(y7, load<f32>(y7) + k7 * u);
    y7 += 4;
  }
}
