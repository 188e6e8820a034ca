// Sums of scaled windows, several at once (see rows.ts). A window is `rows` rows of n elements; a gap is what a pointer must still go from
// the end of one row to the beginning of the next, in bytes.

/** y += k0 x0, in that order; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindow(k0: f32, x0: usize, xGap: usize, y: usize, yGap: usize, rows: i32, n: i32): void {
  for (; rows > 0; rows--) {
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * load<f32>(x0);
      x0 += 4;
      store<f32>(y, v);
    }
    x0 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k3 x3, in that order; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows4(
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
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * load<f32>(x0);
      x0 += 4;
      v += k1 * load<f32>(x1);
      x1 += 4;
      v += k2 * load<f32>(x2);
      x2 += 4;
      v += k3 * load<f32>(x3);
      x3 += 4;
      store<f32>(y, v);
    }
    x0 += xGap;
    x1 += xGap;
    x2 += xGap;
    x3 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k7 x7, in that order; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows8(
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
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * load<f32>(x0);
      x0 += 4;
      v += k1 * load<f32>(x1);
      x1 += 4;
      v += k2 * load<f32>(x2);
      x2 += 4;
      v += k3 * load<f32>(x3);
      x3 += 4;
      v += k4 * load<f32>(x4);
      x4 += 4;
      v += k5 * load<f32>(x5);
      x5 += 4;
      v += k6 * load<f32>(x6);
      x6 += 4;
      v += k7 * load<f32>(x7);
      x7 += 4;
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

/** y += k0 x0, in that order, x int8; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindowInt8(k0: f32, x0: usize, xGap: usize, y: usize, yGap: usize, rows: i32, n: i32): void {
  for (; rows > 0; rows--) {
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<i8>(x0);
      x0 += 1;
      store<f32>(y, v);
    }
    x0 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k3 x3, in that order, x int8; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows4Int8(
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
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<i8>(x0);
      x0 += 1;
      v += k1 * <f32>load<i8>(x1);
      x1 += 1;
      v += k2 * <f32>load<i8>(x2);
      x2 += 1;
      v += k3 * <f32>load<i8>(x3);
      x3 += 1;
      store<f32>(y, v);
    }
    x0 += xGap;
    x1 += xGap;
    x2 += xGap;
    x3 += xGap;
    y += yGap;
  }
}

/** y += k0 x0 + ... + k7 x7, in that order, x int8; `rows` rows of n elements, xGap and yGap bytes between them. */
export function addWindows8Int8(
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
    for (const e = y + ((<usize>n) << 2); y < e; y += 4) {
      let v = load<f32>(y);
      v += k0 * <f32>load<i8>(x0);
      x0 += 1;
      v += k1 * <f32>load<i8>(x1);
      x1 += 1;
      v += k2 * <f32>load<i8>(x2);
      x2 += 1;
      v += k3 * <f32>load<i8>(x3);
      x3 += 1;
      v += k4 * <f32>load<i8>(x4);
      x4 += 1;
      v += k5 * <f32>load<i8>(x5);
      x5 += 1;
      v += k6 * <f32>load<i8>(x6);
      x6 += 1;
      v += k7 * <f32>load<i8>(x7);
      x7 += 1;
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
