// Rows of updates and deltas: what a board's values are away from others, as f32, as int8 or int4 with one scale, or as the largest of the int8
// (top-k); and back.

/** keptMax of the spec: what is longer would leave `row`. */
const largestShare = 192;

// row = d = w - base, in one of four forms. `levels` 0: the d. Else, with residual in d when `carry` is not 0: the scale, q of each d, zeros to
// 4 bytes, and what is left of d. With 127 levels q is a byte; with 7 two q share one, the first its lower half. With `share` (1 to 192; 0: all)
// only ceil(n share / 256) elements, those with the largest |q|, the first of equal ones: the scale, a bit map, whose bit i says that element i is
// kept, the q of those in their order, a byte each, zeros to 4 bytes, and what is left of d: all of it, to the last bit, of one that is not
// kept. With 192 the row is never longer than with all.
// scale = max|d| / levels, q = d / scale rounded half away from zero, d - q scale is left; scale and all q are 0 when d is 0 or not finite.
// Returns the bytes.
//: const w[n] const base[n] const residual[n] row[n+(n+3)/4+1] turns 9*n+7
export function sencode(
  n: i32,
  levels: i32,
  share: i32,
  carry: i32,
  w: usize,
  base: usize,
  residual: usize,
  row: usize,
): i32 {
  if (!levels) {
    differences(n, 0, w, base, residual, row);
    return n << 2;
  }
  const kept = share ? <i32>((<i64>n * min(share, largestShare) + 255) >> 8) : n;
  const bytes = share ? ((n + 7) >> 3) + kept : levels == 7 ? (n + 1) >> 1 : n;
  const left = row + 4 + <usize>((bytes + 3) & ~3);
  store<u32>(left - 4, 0); // the padding, before the elements cover the rest
  const scale = scaleOf(differences(n, carry, w, base, residual, left), levels);
  const inverse = inverseOf(scale);
  if (share) keepLargest(n, kept, row + 4, left, scale, inverse);
  else if (levels == 7) quantisePairs(n, row + 4, left, scale, inverse);
  else quantiseAll(n, row + 4, left, scale, inverse);
  store<f32>(row, inverse > <f32>0 ? scale : <f32>0);
  return <i32>(left - row) + (n << 2);
}

/** left = d; returns max|d|, NaN where a d is. */
function differences(n: i32, carry: i32, w: usize, base: usize, residual: usize, left: usize): f32 {
  let m: f32 = 0;
  for (let i: usize = 0, e = (<usize>n) << 2; i < e; i += 4) {
    let d = load<f32>(w + i) - load<f32>(base + i);
    if (carry) d += load<f32>(residual + i);
    store<f32>(left + i, d);
    m = max<f32>(m, abs<f32>(d));
  }
  return m;
}

function scaleOf(m: f32, levels: i32): f32 {
  return m < Infinity ? m * (<f32>1.0 / <f32>levels) : <f32>0;
}

/** 0 where there is nothing to say. */
function inverseOf(scale: f32): f32 {
  return scale > <f32>1e-30 ? <f32>1.0 / scale : <f32>0;
}

/** q, between -127 and 127. With 7 levels d / scale is 7 and a rounding error at most, whose q is 7. */
function quantised(d: f32, inverse: f32): i32 {
  const v = inverse > <f32>0 ? d * inverse : <f32>0;
  const r = <i32>(v < <f32>0 ? v - <f32>0.5 : v + <f32>0.5);
  return min(127, max(-127, r));
}

function quantiseAll(n: i32, q: usize, left: usize, scale: f32, inverse: f32): void {
  for (const e = left + ((<usize>n) << 2); left < e; left += 4, q++) {
    const d = load<f32>(left);
    const k = quantised(d, inverse);
    store<i8>(q, <i8>k);
    store<f32>(left, d - <f32>k * scale);
  }
}

function quantisePairs(n: i32, q: usize, left: usize, scale: f32, inverse: f32): void {
  for (let i = 0; i < n; i++, left += 4) {
    const d = load<f32>(left);
    const k = quantised(d, inverse);
    const at = q + (i >> 1);
    store<u8>(at, i & 1 ? load<u8>(at) | (k << 4) : k & 15);
    store<f32>(left, d - <f32>k * scale);
  }
}

/** Of the k elements with the largest |q|, the first of those that are equal. */
function keepLargest(n: i32, k: i32, map: usize, left: usize, scale: f32, inverse: f32): void {
  // least: the largest t of which k elements or more have |q| >= t; above: how many have more.
  let least = 0;
  let above = 0;
  for (let over = 128; over - least > 1; ) {
    const t = (least + over) >> 1;
    const count = countFrom(t, n, left, inverse);
    if (count >= k) least = t;
    else {
      over = t;
      above = count;
    }
  }
  keep(n, k, least, k - above, map, left, scale, inverse);
}

/** How many of n d have |q| >= t. */
function countFrom(t: i32, n: i32, d: usize, inverse: f32): i32 {
  let count = 0;
  for (const e = d + ((<usize>n) << 2); d < e; d += 4) if (abs(quantised(load<f32>(d), inverse)) >= t) count++;
  return count;
}

/** Bit map, bytes and residuals of a row that keeps all |q| above `least`, and the first `ties` that are equal to it: k in all. */
function keep(n: i32, k: i32, least: i32, ties: i32, map: usize, left: usize, scale: f32, inverse: f32): void {
  let bits: u32 = 0;
  let at = map + <usize>((n + 7) >> 3);
  const end = at + <usize>k; // even where a hostile guest lets its operands overlap, so that what is written changes what is read
  for (let i = 0; i < n; i++, left += 4) {
    const d = load<f32>(left);
    const q = quantised(d, inverse);
    if ((abs(q) > least || (abs(q) == least && ties-- > 0)) && at < end) {
      bits |= 1 << (i & 7);
      store<i8>(at++, <i8>q);
      store<f32>(left, d - <f32>q * scale);
    }
    if ((i & 7) == 7 || i == n - 1) {
      store<u8>(map++, <u8>bits);
      bits = 0;
    }
  }
}

// y = base + scale q
//: const base[n] const q:i8[n] const scale[1] y[n]
export function sdecodeRow(n: i32, base: usize, q: usize, scale: usize, y: usize): void {
  const k = load<f32>(scale);
  for (let i: usize = 0, e = (<usize>n) << 2; i < e; i += 4, q++)
    store<f32>(y + i, load<f32>(base + i) + k * <f32>load<i8>(q));
}

// y = base + scale q, two q in each byte, the first its lower half
//: const base[n] const q:i8[(n+1)/2] const scale[1] y[n]
export function sdecodePairs(n: i32, base: usize, q: usize, scale: usize, y: usize): void {
  const k = load<f32>(scale);
  for (let i = 0; i < n; i++, base += 4, y += 4) {
    const pair = <i32>load<u8>(q + (i >> 1));
    const half = i & 1 ? pair >> 4 : pair;
    store<f32>(y, load<f32>(base) + k * <f32>((half << 28) >> 28));
  }
}
