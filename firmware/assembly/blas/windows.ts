// Sums of scaled windows, several at once (see rows.ts). A window is `rows` rows of n elements; a gap is what a pointer must still go from
// the end of one row to the beginning of the next, in bytes.

import { first, second } from "./rows";
import { addTimes, endOf4, load4 } from "./vectors";

/** y += k0 x0, in that order, x of type W; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindow<W>(k0: f32, x0: usize, xGap: usize, y: usize, yGap: usize, rows: i32, n: i32): void {
  for (; rows > 0; rows--) {
    const e = y + ((<usize>n) << 2);
    if (ASC_FEATURE_SIMD)
      for (const e4 = endOf4(y, n); y < e4; y += 16) {
        let v = v128.load(y);
        v = addTimes(v, f32x4.splat(k0), load4<W>(x0));
        x0 += sizeof<W>() << 2;
        v128.store(y, v);
      }
    else if (isFloat<W>())
      for (const e2 = y + ((<usize>n >> 1) << 3); y < e2; y += 8) {
        const pair = load<u64>(y);
        let v = first(pair);
        let w = second(pair);
        const p0 = load<u64>(x0);
        x0 += 8;
        v += k0 * first(p0);
        w += k0 * second(p0);
        store<f32>(y, v);
        store<f32>(y, w, 4);
      }
    for (; y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<W>(x0);
      x0 += sizeof<W>();
      store<f32>(y, v);
    }
    x0 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k3 x3, in that order, x of type W; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows4<W>(
  k0: f32,
  k1: f32,
  k2: f32,
  k3: f32,
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  xGap: usize,
  y: usize,
  yGap: usize,
  rows: i32,
  n: i32,
): void {
  for (; rows > 0; rows--) {
    const e = y + ((<usize>n) << 2);
    if (ASC_FEATURE_SIMD)
      for (const e4 = endOf4(y, n); y < e4; y += 16) {
        let v = v128.load(y);
        v = addTimes(v, f32x4.splat(k0), load4<W>(x0));
        x0 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k1), load4<W>(x1));
        x1 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k2), load4<W>(x2));
        x2 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k3), load4<W>(x3));
        x3 += sizeof<W>() << 2;
        v128.store(y, v);
      }
    else if (isFloat<W>())
      for (const e2 = y + ((<usize>n >> 1) << 3); y < e2; y += 8) {
        const pair = load<u64>(y);
        let v = first(pair);
        let w = second(pair);
        const p0 = load<u64>(x0);
        x0 += 8;
        v += k0 * first(p0);
        w += k0 * second(p0);
        const p1 = load<u64>(x1);
        x1 += 8;
        v += k1 * first(p1);
        w += k1 * second(p1);
        const p2 = load<u64>(x2);
        x2 += 8;
        v += k2 * first(p2);
        w += k2 * second(p2);
        const p3 = load<u64>(x3);
        x3 += 8;
        v += k3 * first(p3);
        w += k3 * second(p3);
        store<f32>(y, v);
        store<f32>(y, w, 4);
      }
    for (; y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<W>(x0);
      x0 += sizeof<W>();
      v += k1 * <f32>load<W>(x1);
      x1 += sizeof<W>();
      v += k2 * <f32>load<W>(x2);
      x2 += sizeof<W>();
      v += k3 * <f32>load<W>(x3);
      x3 += sizeof<W>();
      store<f32>(y, v);
    }
    x0 += xGap;
    x1 += xGap;
    x2 += xGap;
    x3 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k7 x7, in that order, x of type W; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows8<W>(
  k0: f32,
  k1: f32,
  k2: f32,
  k3: f32,
  k4: f32,
  k5: f32,
  k6: f32,
  k7: f32,
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  x4: usize,
  x5: usize,
  x6: usize,
  x7: usize,
  xGap: usize,
  y: usize,
  yGap: usize,
  rows: i32,
  n: i32,
): void {
  for (; rows > 0; rows--) {
    const e = y + ((<usize>n) << 2);
    if (ASC_FEATURE_SIMD)
      for (const e4 = endOf4(y, n); y < e4; y += 16) {
        let v = v128.load(y);
        v = addTimes(v, f32x4.splat(k0), load4<W>(x0));
        x0 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k1), load4<W>(x1));
        x1 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k2), load4<W>(x2));
        x2 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k3), load4<W>(x3));
        x3 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k4), load4<W>(x4));
        x4 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k5), load4<W>(x5));
        x5 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k6), load4<W>(x6));
        x6 += sizeof<W>() << 2;
        v = addTimes(v, f32x4.splat(k7), load4<W>(x7));
        x7 += sizeof<W>() << 2;
        v128.store(y, v);
      }
    for (; y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<W>(x0);
      x0 += sizeof<W>();
      v += k1 * <f32>load<W>(x1);
      x1 += sizeof<W>();
      v += k2 * <f32>load<W>(x2);
      x2 += sizeof<W>();
      v += k3 * <f32>load<W>(x3);
      x3 += sizeof<W>();
      v += k4 * <f32>load<W>(x4);
      x4 += sizeof<W>();
      v += k5 * <f32>load<W>(x5);
      x5 += sizeof<W>();
      v += k6 * <f32>load<W>(x6);
      x6 += sizeof<W>();
      v += k7 * <f32>load<W>(x7);
      x7 += sizeof<W>();
      store<f32>(y, v);
    }
    x0 += xGap;
    x1 += xGap;
    x2 += xGap;
    x3 += xGap;
    x4 += xGap;
    x5 += xGap;
    x6 += xGap;
    x7 += xGap;
    y += yGap;
  }
}
