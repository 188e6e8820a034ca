// Windows by filters, several at once (see rows.ts; gaps as in windows.ts): four positions by four filters share four loads each, so that
// sixteen multiply-adds take 42 instructions on a Cortex-M4. Sums run over the whole window, row by row, before y is touched. W is the type
// of the weights: f32, or i8 with one scale g per filter.

import { addSum } from "./rows";
import { tileBy4 } from "./vectors";

/** The first output column whose window does not begin before the input. */
export function firstWhole(ow: i32, sw: i32, pw: i32): i32 {
  let t = 0;
  while (t < ow && t * sw < pw) t++;
  return t;
}

/** One past the last output column, from `first` on, whose window does not end behind the input. */
export function endOfWhole(first: i32, iw: i32, ow: i32, kw: i32, sw: i32, pw: i32): i32 {
  let t = first;
  while (t < ow && t * sw - pw + kw <= iw) t++;
  return t;
}

/** y(4 positions, 4 filters) += windows by filters. */
export function tile<W>(
  x: usize,
  xStep: usize,
  xGap: usize,
  w: usize,
  filter: usize,
  wGap: usize,
  g: usize,
  y: usize,
  yStep: usize,
  rows: i32,
  n: i32,
): void {
  if (ASC_FEATURE_SIMD) {
    tileBy4<W>(x, xStep, xGap, w, filter, wGap, g, y, yStep, rows, n);
    return;
  }
  let x1 = x + xStep;
  let x2 = x1 + xStep;
  let x3 = x2 + xStep;
  let w1 = w + filter;
  let w2 = w1 + filter;
  let w3 = w2 + filter;
  let a00: f32 = 0;
  let a01: f32 = 0;
  let a02: f32 = 0;
  let a03: f32 = 0;
  let a10: f32 = 0;
  let a11: f32 = 0;
  let a12: f32 = 0;
  let a13: f32 = 0;
  let a20: f32 = 0;
  let a21: f32 = 0;
  let a22: f32 = 0;
  let a23: f32 = 0;
  let a30: f32 = 0;
  let a31: f32 = 0;
  let a32: f32 = 0;
  let a33: f32 = 0;
  for (; rows > 0; rows--) {
    for (const e = x + ((<usize>n) << 2); x < e; ) {
      const u0 = load<f32>(x);
      x += 4;
      const u1 = load<f32>(x1);
      x1 += 4;
      const u2 = load<f32>(x2);
      x2 += 4;
      const u3 = load<f32>(x3);
      x3 += 4;
      const v0 = <f32>load<W>(w);
      w += sizeof<W>();
      a00 += u0 * v0;
      a10 += u1 * v0;
      a20 += u2 * v0;
      a30 += u3 * v0;
      const v1 = <f32>load<W>(w1);
      w1 += sizeof<W>();
      a01 += u0 * v1;
      a11 += u1 * v1;
      a21 += u2 * v1;
      a31 += u3 * v1;
      const v2 = <f32>load<W>(w2);
      w2 += sizeof<W>();
      a02 += u0 * v2;
      a12 += u1 * v2;
      a22 += u2 * v2;
      a32 += u3 * v2;
      const v3 = <f32>load<W>(w3);
      w3 += sizeof<W>();
      a03 += u0 * v3;
      a13 += u1 * v3;
      a23 += u2 * v3;
      a33 += u3 * v3;
    }
    x += xGap;
    x1 += xGap;
    x2 += xGap;
    x3 += xGap;
    w += wGap;
    w1 += wGap;
    w2 += wGap;
    w3 += wGap;
  }
  addSum<W>(a00, g, y, 0);
  addSum<W>(a01, g, y, 4);
  addSum<W>(a02, g, y, 8);
  addSum<W>(a03, g, y, 12);
  y += yStep;
  addSum<W>(a10, g, y, 0);
  addSum<W>(a11, g, y, 4);
  addSum<W>(a12, g, y, 8);
  addSum<W>(a13, g, y, 12);
  y += yStep;
  addSum<W>(a20, g, y, 0);
  addSum<W>(a21, g, y, 4);
  addSum<W>(a22, g, y, 8);
  addSum<W>(a23, g, y, 12);
  y += yStep;
  addSum<W>(a30, g, y, 0);
  addSum<W>(a31, g, y, 4);
  addSum<W>(a32, g, y, 8);
  addSum<W>(a33, g, y, 12);
}

/** y(4 filters) += one window by filters. */
export function tile1<W>(
  x: usize,
  xGap: usize,
  w: usize,
  filter: usize,
  wGap: usize,
  g: usize,
  y: usize,
  rows: i32,
  n: i32,
): void {
  let w1 = w + filter;
  let w2 = w1 + filter;
  let w3 = w2 + filter;
  let a0: f32 = 0;
  let a1: f32 = 0;
  let a2: f32 = 0;
  let a3: f32 = 0;
  for (; rows > 0; rows--) {
    for (const e = x + ((<usize>n) << 2); x < e; ) {
      const u = load<f32>(x);
      x += 4;
      a0 += u * <f32>load<W>(w);
      w += sizeof<W>();
      a1 += u * <f32>load<W>(w1);
      w1 += sizeof<W>();
      a2 += u * <f32>load<W>(w2);
      w2 += sizeof<W>();
      a3 += u * <f32>load<W>(w3);
      w3 += sizeof<W>();
    }
    x += xGap;
    w += wGap;
    w1 += wGap;
    w2 += wGap;
    w3 += wGap;
  }
  addSum<W>(a0, g, y, 0);
  addSum<W>(a1, g, y, 4);
  addSum<W>(a2, g, y, 8);
  addSum<W>(a3, g, y, 12);
}

/** One window by one filter, without its scale. */
export function windowDot<W>(x: usize, xGap: usize, w: usize, wGap: usize, rows: i32, n: i32): f32 {
  let a: f32 = 0;
  for (; rows > 0; rows--, x += xGap, w += wGap)
    for (const e = x + ((<usize>n) << 2); x < e; x += 4, w += sizeof<W>()) a += load<f32>(x) * <f32>load<W>(w);
  return a;
}
