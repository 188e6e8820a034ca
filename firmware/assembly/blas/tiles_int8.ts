// As tiles.ts, filters int8 with one scale `g` each.

/** y(4 positions, 4 filters) += g . windows by filters, w int8. */
export function tileInt8(
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
      const v0 = <f32>load<i8>(w);
      w += 1;
      a00 += u0 * v0;
      a10 += u1 * v0;
      a20 += u2 * v0;
      a30 += u3 * v0;
      const v1 = <f32>load<i8>(w1);
      w1 += 1;
      a01 += u0 * v1;
      a11 += u1 * v1;
      a21 += u2 * v1;
      a31 += u3 * v1;
      const v2 = <f32>load<i8>(w2);
      w2 += 1;
      a02 += u0 * v2;
      a12 += u1 * v2;
      a22 += u2 * v2;
      a32 += u3 * v2;
      const v3 = <f32>load<i8>(w3);
      w3 += 1;
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
  store<f32>(y, load<f32>(y) + load<f32>(g) * a00);
  store<f32>(y, load<f32>(y, 4) + load<f32>(g, 4) * a01, 4);
  store<f32>(y, load<f32>(y, 8) + load<f32>(g, 8) * a02, 8);
  store<f32>(y, load<f32>(y, 12) + load<f32>(g, 12) * a03, 12);
  y += yStep;
  store<f32>(y, load<f32>(y) + load<f32>(g) * a10);
  store<f32>(y, load<f32>(y, 4) + load<f32>(g, 4) * a11, 4);
  store<f32>(y, load<f32>(y, 8) + load<f32>(g, 8) * a12, 8);
  store<f32>(y, load<f32>(y, 12) + load<f32>(g, 12) * a13, 12);
  y += yStep;
  store<f32>(y, load<f32>(y) + load<f32>(g) * a20);
  store<f32>(y, load<f32>(y, 4) + load<f32>(g, 4) * a21, 4);
  store<f32>(y, load<f32>(y, 8) + load<f32>(g, 8) * a22, 8);
  store<f32>(y, load<f32>(y, 12) + load<f32>(g, 12) * a23, 12);
  y += yStep;
  store<f32>(y, load<f32>(y) + load<f32>(g) * a30);
  store<f32>(y, load<f32>(y, 4) + load<f32>(g, 4) * a31, 4);
  store<f32>(y, load<f32>(y, 8) + load<f32>(g, 8) * a32, 8);
  store<f32>(y, load<f32>(y, 12) + load<f32>(g, 12) * a33, 12);
}

/** y(4 filters) += g . one window by filters, w int8. */
export function tile1Int8(
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
      a0 += u * <f32>load<i8>(w);
      w += 1;
      a1 += u * <f32>load<i8>(w1);
      w1 += 1;
      a2 += u * <f32>load<i8>(w2);
      w2 += 1;
      a3 += u * <f32>load<i8>(w3);
      w3 += 1;
    }
    x += xGap;
    w += wGap;
    w1 += wGap;
    w2 += wGap;
    w3 += wGap;
  }
  store<f32>(y, load<f32>(y) + load<f32>(g) * a0);
  store<f32>(y, load<f32>(y, 4) + load<f32>(g, 4) * a1, 4);
  store<f32>(y, load<f32>(y, 8) + load<f32>(g, 8) * a2, 8);
  store<f32>(y, load<f32>(y, 12) + load<f32>(g, 12) * a3, 12);
}

/** One window by one filter, int8. */
export function windowDotInt8(x: usize, xGap: usize, w: usize, wGap: usize, rows: i32, n: i32): f32 {
  let a: f32 = 0;
  for (; rows > 0; rows--, x += xGap, w += wGap)
    for (const e = x + ((<usize>n) << 2); x < e; x += 4, w += 1) a += load<f32>(x) * <f32>load<i8>(w);
  return a;
}
