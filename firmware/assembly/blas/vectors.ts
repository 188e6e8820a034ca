// Four elements at a time, for Node, which has SIMD: asconfig.json enables it for the twin alone, and where it is off the compiler leaves the
// callers' branches out. Lanes are different elements of the result, so that each is computed in the order of the scalar loop, and no product is fused
// with its sum: the twin's bits are those of boards.

/** Four of type W as f32. */
export function load4<W>(x: usize): v128 {
  if (isFloat<W>()) return v128.load(x);
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x))));
}

/** Where the whole fours of n f32 at x end. */
export function endOf4(x: usize, n: i32): usize {
  return x + ((<usize>n >> 2) << 4);
}

/** sum + k x */
export function addTimes(sum: v128, k: v128, x: v128): v128 {
  return f32x4.add(sum, f32x4.mul(k, x));
}

/** y[0..3] += sum, times the scales at g where the weights are of type i8 and not f32. */
export function addSum4<W>(sum: v128, g: usize, y: usize): void {
  if (isInteger<W>()) v128.store(y, addTimes(v128.load(y), v128.load(g), sum));
  else v128.store(y, f32x4.add(v128.load(y), sum));
}

/** One element of each of four rows. */
export function column4<W>(w0: usize, w1: usize, w2: usize, w3: usize): v128 {
  return f32x4(<f32>load<W>(w0), <f32>load<W>(w1), <f32>load<W>(w2), <f32>load<W>(w3));
}

/** The low bytes of four i32. */
export function storeBytes4(y: usize, x: v128): void {
  v128.store32_lane(y, v128.shuffle<i8>(x, x, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0);
}

/** y(8 filters) += one window by filters: twice tile1, so that one sum need not wait for the other. */
export function tile1By8<W>(
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
  const four = sizeof<W>() << 2;
  let w1 = w + filter;
  let w2 = w1 + filter;
  let w3 = w2 + filter;
  let w4 = w3 + filter;
  let w5 = w4 + filter;
  let w6 = w5 + filter;
  let w7 = w6 + filter;
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  for (; rows > 0; rows--) {
    const e = x + ((<usize>n) << 2);
    for (const e4 = endOf4(x, n); x < e4; x += 16) {
      const a0 = load4<W>(w);
      const b0 = load4<W>(w1);
      const c0 = load4<W>(w2);
      const d0 = load4<W>(w3);
      const s0 = v128.shuffle<f32>(a0, b0, 0, 4, 1, 5);
      const t0 = v128.shuffle<f32>(c0, d0, 0, 4, 1, 5);
      const u0 = v128.shuffle<f32>(a0, b0, 2, 6, 3, 7);
      const v0 = v128.shuffle<f32>(c0, d0, 2, 6, 3, 7);
      const a1 = load4<W>(w4);
      const b1 = load4<W>(w5);
      const c1 = load4<W>(w6);
      const d1 = load4<W>(w7);
      const s1 = v128.shuffle<f32>(a1, b1, 0, 4, 1, 5);
      const t1 = v128.shuffle<f32>(c1, d1, 0, 4, 1, 5);
      const u1 = v128.shuffle<f32>(a1, b1, 2, 6, 3, 7);
      const v1 = v128.shuffle<f32>(c1, d1, 2, 6, 3, 7);
      const x0 = v128.load32_splat(x);
      sum0 = addTimes(sum0, x0, v128.shuffle<f64>(s0, t0, 0, 2));
      sum1 = addTimes(sum1, x0, v128.shuffle<f64>(s1, t1, 0, 2));
      const x1 = v128.load32_splat(x, 4);
      sum0 = addTimes(sum0, x1, v128.shuffle<f64>(s0, t0, 1, 3));
      sum1 = addTimes(sum1, x1, v128.shuffle<f64>(s1, t1, 1, 3));
      const x2 = v128.load32_splat(x, 8);
      sum0 = addTimes(sum0, x2, v128.shuffle<f64>(u0, v0, 0, 2));
      sum1 = addTimes(sum1, x2, v128.shuffle<f64>(u1, v1, 0, 2));
      const x3 = v128.load32_splat(x, 12);
      sum0 = addTimes(sum0, x3, v128.shuffle<f64>(u0, v0, 1, 3));
      sum1 = addTimes(sum1, x3, v128.shuffle<f64>(u1, v1, 1, 3));
      w += four;
      w1 += four;
      w2 += four;
      w3 += four;
      w4 += four;
      w5 += four;
      w6 += four;
      w7 += four;
    }
    for (; x < e; x += 4) {
      const u = v128.load32_splat(x);
      sum0 = addTimes(sum0, u, column4<W>(w, w1, w2, w3));
      sum1 = addTimes(sum1, u, column4<W>(w4, w5, w6, w7));
      w += sizeof<W>();
      w1 += sizeof<W>();
      w2 += sizeof<W>();
      w3 += sizeof<W>();
      w4 += sizeof<W>();
      w5 += sizeof<W>();
      w6 += sizeof<W>();
      w7 += sizeof<W>();
    }
    x += xGap;
    w += wGap;
    w1 += wGap;
    w2 += wGap;
    w3 += wGap;
    w4 += wGap;
    w5 += wGap;
    w6 += wGap;
    w7 += wGap;
  }
  addSum4<W>(sum0, g, y);
  addSum4<W>(sum1, g + 16, y + 16);
}

/** y(4 positions, 4 filters) += windows by filters: tile. */
export function tileBy4<W>(
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
  const four = sizeof<W>() << 2;
  let x1 = x + xStep;
  let x2 = x1 + xStep;
  let x3 = x2 + xStep;
  let w1 = w + filter;
  let w2 = w1 + filter;
  let w3 = w2 + filter;
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (; rows > 0; rows--) {
    const e = x + ((<usize>n) << 2);
    for (const e4 = endOf4(x, n); x < e4; ) {
      const a = load4<W>(w);
      const b = load4<W>(w1);
      const c = load4<W>(w2);
      const d = load4<W>(w3);
      const s = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const t = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const u = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const v = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      const v0 = v128.shuffle<f64>(s, t, 0, 2);
      sum0 = addTimes(sum0, v128.load32_splat(x), v0);
      sum1 = addTimes(sum1, v128.load32_splat(x1), v0);
      sum2 = addTimes(sum2, v128.load32_splat(x2), v0);
      sum3 = addTimes(sum3, v128.load32_splat(x3), v0);
      const v1 = v128.shuffle<f64>(s, t, 1, 3);
      sum0 = addTimes(sum0, v128.load32_splat(x, 4), v1);
      sum1 = addTimes(sum1, v128.load32_splat(x1, 4), v1);
      sum2 = addTimes(sum2, v128.load32_splat(x2, 4), v1);
      sum3 = addTimes(sum3, v128.load32_splat(x3, 4), v1);
      const v2 = v128.shuffle<f64>(u, v, 0, 2);
      sum0 = addTimes(sum0, v128.load32_splat(x, 8), v2);
      sum1 = addTimes(sum1, v128.load32_splat(x1, 8), v2);
      sum2 = addTimes(sum2, v128.load32_splat(x2, 8), v2);
      sum3 = addTimes(sum3, v128.load32_splat(x3, 8), v2);
      const v3 = v128.shuffle<f64>(u, v, 1, 3);
      sum0 = addTimes(sum0, v128.load32_splat(x, 12), v3);
      sum1 = addTimes(sum1, v128.load32_splat(x1, 12), v3);
      sum2 = addTimes(sum2, v128.load32_splat(x2, 12), v3);
      sum3 = addTimes(sum3, v128.load32_splat(x3, 12), v3);
      x += 16;
      x1 += 16;
      x2 += 16;
      x3 += 16;
      w += four;
      w1 += four;
      w2 += four;
      w3 += four;
    }
    for (; x < e; ) {
      const v = column4<W>(w, w1, w2, w3);
      sum0 = addTimes(sum0, v128.load32_splat(x), v);
      sum1 = addTimes(sum1, v128.load32_splat(x1), v);
      sum2 = addTimes(sum2, v128.load32_splat(x2), v);
      sum3 = addTimes(sum3, v128.load32_splat(x3), v);
      x += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
      w += sizeof<W>();
      w1 += sizeof<W>();
      w2 += sizeof<W>();
      w3 += sizeof<W>();
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
  addSum4<W>(sum0, g, y);
  addSum4<W>(sum1, g, y + yStep);
  addSum4<W>(sum2, g, y + yStep * 2);
  addSum4<W>(sum3, g, y + yStep * 3);
}
