// The BLAS: the only place where numbers are crunched. Compiled three times from this source (docs/how-it-works.md). Above each
// export: its operands' extents in elements (f32 unless :i8 or :u8), `const` where it may lie in read-only flash, and where its loops
// turn more often than all operands have elements and all dimensions count together, `turns` how often. The generator writes the boundary
// check from them, and nothing inside checks again, so no code here may leave its extents or turn more often, whatever the dimensions
// (0..2^15-1, lone lengths 0..2^28-1) and data are. Channels last; weights (O,KH,KW,I); every convolution and gemv adds to its output.
import { axpy, dot } from "./inner_loops";
import { addSum, dot4, dot8 } from "./rows";
import { addOuter, sumWindows } from "./scaled_sums";
import { windowDot } from "./tiles";
import { endOf4 } from "./vectors";

export * from "./activation";
export * from "./convolution";
export * from "./depthwise";
export * from "./encoding";
export * from "./pool";

// Does nothing. The board may end the guest at each call, and takes no guest that has a loop without one: loops that call nothing else
// call this.
//:
export function tick(): void {}

// ---- vectors ----

//: const a[n] const b[n]
export function sdot(n: i32, a: usize, b: usize): f32 {
  return dot(a, b, n);
}

// y += k x
//: const x[n] y[n]
export function saxpy(n: i32, k: f32, x: usize, y: usize): void {
  axpy(k, x, y, n);
}

//: const x[n] y[n]
export function scopy(n: i32, x: usize, y: usize): void {
  const e4 = x + ((<usize>n >> 2) << 4);
  const e = x + ((<usize>n) << 2);
  while (x < e4) {
    const a = load<f32>(x);
    const b = load<f32>(x, 4);
    const c = load<f32>(x, 8);
    const d = load<f32>(x, 12);
    store<f32>(y, a);
    store<f32>(y, b, 4);
    store<f32>(y, c, 8);
    store<f32>(y, d, 12);
    x += 16;
    y += 16;
  }
  while (x < e) {
    store<f32>(y, load<f32>(x));
    x += 4;
    y += 4;
  }
}

//: y[n]
export function sfill(n: i32, k: f32, y: usize): void {
  const e = y + ((<usize>n) << 2);
  if (ASC_FEATURE_SIMD) for (const e4 = endOf4(y, n); y < e4; y += 16) v128.store(y, f32x4.splat(k));
  while (y < e) {
    store<f32>(y, k);
    y += 4;
  }
}

//: y[n]
export function sscal(n: i32, k: f32, y: usize): void {
  const e = y + ((<usize>n) << 2);
  while (y < e) {
    store<f32>(y, k * load<f32>(y));
    y += 4;
  }
}

// Σ (a - b)²
//: const a[n] const b[n]
export function ssqdiff(n: i32, a: usize, b: usize): f32 {
  let s: f32 = 0;
  for (const e = a + ((<usize>n) << 2); a < e; a += 4, b += 4) {
    const d = load<f32>(a) - load<f32>(b);
    s += d * d;
  }
  return s;
}

// y = k (a - b)
//: const a[n] const b[n] y[n]
export function sdiff(n: i32, k: f32, a: usize, b: usize, y: usize): void {
  for (const e = a + ((<usize>n) << 2); a < e; a += 4, b += 4, y += 4) store<f32>(y, k * (load<f32>(a) - load<f32>(b)));
}

// p rows of n elements, strides xs and ys: y row = x row
//: const x[p*xs] y[p*ys]
export function scopyRows(p: i32, n: i32, xs: i32, ys: i32, x: usize, y: usize): void {
  const m = min(n, min(xs, ys));
  for (let i = 0; i < p; i++) {
    for (let j: usize = 0, e = (<usize>m) << 2; j < e; j += 4) store<f32>(y + j, load<f32>(x + j));
    x += (<usize>xs) << 2;
    y += (<usize>ys) << 2;
  }
}

//: const x[p*xs] y[p*ys]
export function saddRows(p: i32, n: i32, xs: i32, ys: i32, x: usize, y: usize): void {
  const m = min(n, min(xs, ys));
  for (let i = 0; i < p; i++) {
    axpy(1, x, y, m);
    x += (<usize>xs) << 2;
    y += (<usize>ys) << 2;
  }
}

// every row of y(p,c) := b
//: const b[c] y[p*c]
export function srows(p: i32, c: i32, b: usize, y: usize): void {
  for (let i = 0; i < p; i++) {
    let j: usize = 0;
    if (ASC_FEATURE_SIMD) for (const e4 = endOf4(0, c); j < e4; j += 16) v128.store(y + j, v128.load(b + j));
    for (const e = (<usize>c) << 2; j < e; j += 4) store<f32>(y + j, load<f32>(b + j));
    y += (<usize>c) << 2;
  }
}

// db(c) += k · column sums of dy(p,c)
//: const dy[p*c] db[c]
export function scolumns(p: i32, c: i32, k: f32, dy: usize, db: usize): void {
  for (let i = 0; i < p; i++) {
    axpy(k, dy, db, c);
    dy += (<usize>c) << 2;
  }
}

// dx(p,c) = dy · s(c)
//: const dy[p*c] const s[c] dx[p*c]
export function sscaleColumns(p: i32, c: i32, dy: usize, s: usize, dx: usize): void {
  for (let i = 0; i < p; i++) {
    for (let j: usize = 0, e = (<usize>c) << 2; j < e; j += 4) store<f32>(dx + j, load<f32>(dy + j) * load<f32>(s + j));
    dy += (<usize>c) << 2;
    dx += (<usize>c) << 2;
  }
}

// ds(c) += k · column sums of dy . x
//: const dy[p*c] const x[p*c] ds[c]
export function scolumnsProduct(p: i32, c: i32, k: f32, dy: usize, x: usize, ds: usize): void {
  for (let i = 0; i < p; i++) {
    for (let j: usize = 0, e = (<usize>c) << 2; j < e; j += 4)
      store<f32>(ds + j, load<f32>(ds + j) + k * load<f32>(dy + j) * load<f32>(x + j));
    dy += (<usize>c) << 2;
    x += (<usize>c) << 2;
  }
}

// ---- matrices ----

// y += A x
//: const A[m*n] const x[n] y[m]
export function sgemv(m: i32, n: i32, A: usize, x: usize, y: usize): void {
  const s = (<usize>n) << 2;
  const e = y + ((<usize>m) << 2);
  const e8 = y + ((<usize>m >> 3) << 5);
  const e4 = y + ((<usize>m >> 2) << 4);
  for (; y < e8; y += 32, A += s << 3) dot8<f32>(A, s, 0, x, y, n);
  for (; y < e4; y += 16, A += s << 2) dot4(A, s, x, y, n);
  for (; y < e; y += 4, A += s) store<f32>(y, load<f32>(y) + dot(x, A, n));
}

// y += A' x
//: const A[m*n] const x[m] y[n]
export function sgemvT(m: i32, n: i32, A: usize, x: usize, y: usize): void {
  sumWindows<f32>(x, 4, m, 1, 0, A, m, (<usize>n) << 2, 0, 0, y, 0, 1, n);
}

// A += k x y'
//: const x[m] const y[n] A[m*n]
export function sger(m: i32, n: i32, k: f32, x: usize, y: usize, A: usize): void {
  addOuter(x, m, k, y, A, n);
}

// y += s . (A8 x)
//: const A:i8[m*n] const s[m] const x[n] y[m]
export function qgemv(m: i32, n: i32, A: usize, s: usize, x: usize, y: usize): void {
  const e = y + ((<usize>m) << 2);
  const e8 = y + ((<usize>m >> 3) << 5);
  for (; y < e8; y += 32, s += 32, A += (<usize>n) << 3) dot8<i8>(A, n, s, x, y, n);
  for (; y < e; y += 4, s += 4, A += <usize>n) addSum<i8>(windowDot<i8>(x, 0, A, 0, 1, n), s, y, 0);
}

// y += A8' (s . x)
//: const A:i8[m*n] const s[m] const x[m] y[n]
export function qgemvT(m: i32, n: i32, A: usize, s: usize, x: usize, y: usize): void {
  sumWindows<i8>(x, 4, m, 1, s, A, m, n, 0, 0, y, 0, 1, n);
}
