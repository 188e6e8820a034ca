// Loops over several rows at once, which the BLAS inlines: rows share their loads, and a pass over eight takes half the instructions that
// eight passes take. Each load is followed by its pointer's step, which a Cortex-M4 does in the same instruction (guest.mk keeps the C
// compiler from rewriting that); so nothing is unrolled. Every element is computed in the order of the loop over one row: results do not
// depend on how many rows go together.

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
  for (const e = x + ((<usize>n) << 2); x < e; ) {
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
  for (const e = x + ((<usize>n) << 2); x < e; ) {
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
  for (const e = x + ((<usize>n) << 2); x < e; ) {
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
  for (const e = x + ((<usize>n) << 2); x < e; ) {
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
