// Activations, losses, sample decoding and the int8 rows of an update.
import { exp, log, sigmoid, tanh } from "./scalar";

//: y[n]
export function srelu(n: i32, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4) if (!(load<f32>(y) > <f32>0)) store<f32>(y, 0);
}

//: y[n]
export function srelu6(n: i32, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4) store<f32>(y, clamp6(load<f32>(y)));
}

function clamp6(x: f32): f32 {
  return x > <f32>0 ? (x < <f32>6 ? x : <f32>6) : <f32>0;
}

//: y[n]
export function ssigmoid(n: i32, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4) store<f32>(y, sigmoid(load<f32>(y)));
}

//: y[n]
export function stanh(n: i32, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4) store<f32>(y, tanh(load<f32>(y)));
}

// dy := 0 where the output y is not strictly between 0 and `limit`
//: const y[n] dy[n]
export function sreluBackward(n: i32, limit: f32, y: usize, dy: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4, dy += 4) {
    const v = load<f32>(y);
    if (!(v > <f32>0) || v >= limit) store<f32>(dy, 0);
  }
}

//: const y[n] dy[n]
export function ssigmoidBackward(n: i32, y: usize, dy: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4, dy += 4) {
    const v = load<f32>(y);
    store<f32>(dy, load<f32>(dy) * v * (<f32>1.0 - v));
  }
}

//: const y[n] dy[n]
export function stanhBackward(n: i32, y: usize, dy: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; y += 4, dy += 4) {
    const v = load<f32>(y);
    store<f32>(dy, load<f32>(dy) * (<f32>1.0 - v * v));
  }
}

// relu (limit: infinity) or relu6 (limit: 6) in place; bit i of mask = derivative
//: y[n] mask:u8[(n+7)/8]
export function sreluMask(n: i32, limit: f32, y: usize, mask: usize): void {
  let bits: u32 = 0;
  for (let i = 0; i < n; i++, y += 4) {
    const v = load<f32>(y);
    if (v > <f32>0 && v < limit) bits |= 1 << (i & 7);
    store<f32>(y, v > <f32>0 ? (v < limit ? v : limit) : <f32>0);
    if ((i & 7) == 7 || i == n - 1) {
      store<u8>(mask, <u8>bits);
      mask++;
      bits = 0;
    }
  }
}

//: const mask:u8[(n+7)/8] dy[n]
export function smaskBackward(n: i32, mask: usize, dy: usize): void {
  for (let i = 0; i < n; i++, dy += 4) if (!((load<u8>(mask + <usize>(i >> 3)) >> (i & 7)) & 1)) store<f32>(dy, 0);
}

// p = softmax(z); p may be z
//: const z[n] p[n]
export function ssoftmax(n: i32, z: usize, p: usize): void {
  if (n <= 0) return;
  const bytes = (<usize>n) << 2;
  let m = load<f32>(z);
  for (let i: usize = 4; i < bytes; i += 4) m = max<f32>(m, load<f32>(z + i));
  let sum: f32 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    const e = exp(load<f32>(z + i) - m);
    store<f32>(p + i, e);
    sum += e;
  }
  const share = <f32>1.0 / sum;
  for (let i: usize = 0; i < bytes; i += 4) store<f32>(p + i, load<f32>(p + i) * share);
}

// dz = softmax(z) - onehot(label); returns -log softmax(z)[label], or NaN for a label out of range
//: const z[n] dz[n]
export function scrossEntropy(n: i32, label: i32, z: usize, dz: usize): f32 {
  if (label < 0 || label >= n) return NaN;
  ssoftmax(n, z, dz);
  const at = dz + ((<usize>label) << 2);
  const p = load<f32>(at);
  store<f32>(at, p - <f32>1.0);
  return -log(p);
}

// index of the first largest element
//: const y[n]
export function isamax(n: i32, y: usize): i32 {
  let best = 0;
  for (let i = 1; i < n; i++) if (load<f32>(y + ((<usize>i) << 2)) > load<f32>(y + ((<usize>best) << 2))) best = i;
  return best;
}

// y(n,c) = x scale(c) + offset(c)
//: const x:u8[n*c] const scale[c] const offset[c] y[n*c]
export function sdecodeU8(n: i32, c: i32, x: usize, scale: usize, offset: usize, y: usize): void {
  scaleRows<u8>(n, c, x, scale, offset, y);
}

//: const x:i16[n*c] const scale[c] const offset[c] y[n*c]
export function sdecodeI16(n: i32, c: i32, x: usize, scale: usize, offset: usize, y: usize): void {
  scaleRows<i16>(n, c, x, scale, offset, y);
}

//: const x[n*c] const scale[c] const offset[c] y[n*c]
export function sscaleBias(n: i32, c: i32, x: usize, scale: usize, offset: usize, y: usize): void {
  scaleRows<f32>(n, c, x, scale, offset, y);
}

function scaleRows<T>(n: i32, c: i32, x: usize, scale: usize, offset: usize, y: usize): void {
  if (c == 1) scaleAll<T>(n, x, load<f32>(scale), load<f32>(offset), y);
  else for (; n > 0; n--, x += <usize>c * sizeof<T>(), y += (<usize>c) << 2) scaleRow<T>(c, x, scale, offset, y);
}

function scaleRow<T>(n: i32, x: usize, scale: usize, offset: usize, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; x += sizeof<T>(), scale += 4, offset += 4, y += 4)
    store<f32>(y, <f32>load<T>(x) * load<f32>(scale) + load<f32>(offset));
}

function scaleAll<T>(n: i32, x: usize, scale: f32, offset: f32, y: usize): void {
  for (const e = y + ((<usize>n) << 2); y < e; x += sizeof<T>(), y += 4)
    store<f32>(y, <f32>load<T>(x) * scale + offset);
}

// d = w - base + residual (the residual counts when `carry` is not 0); scale = max|d| / 127; q = d / scale rounded half away from
// zero; the new residual is d - q scale. Returns the scale; 0, and all q 0, when d is 0 or not finite.
//: const w[n] const base[n] const residual[n] q:i8[n] left[n]
export function sencodeRow(n: i32, carry: i32, w: usize, base: usize, residual: usize, q: usize, left: usize): f32 {
  const scale = scaleOf(differences(n, carry, w, base, residual, left));
  const inverse = inverseOf(scale);
  for (const e = left + ((<usize>n) << 2); left < e; left += 4, q++) {
    const d = load<f32>(left);
    const k = quantised(d, inverse);
    store<i8>(q, <i8>k);
    store<f32>(left, d - <f32>k * scale);
  }
  return inverse > <f32>0 ? scale : <f32>0;
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

function scaleOf(m: f32): f32 {
  return m < Infinity ? m * (<f32>1.0 / <f32>127.0) : <f32>0;
}

/** 0 where there is nothing to say. */
function inverseOf(scale: f32): f32 {
  return scale > <f32>1e-30 ? <f32>1.0 / scale : <f32>0;
}

/** q */
function quantised(d: f32, inverse: f32): i32 {
  const v = inverse > <f32>0 ? d * inverse : <f32>0;
  const r = <i32>(v < <f32>0 ? v - <f32>0.5 : v + <f32>0.5);
  return min(127, max(-127, r));
}

// As sencodeRow, but only the k elements with the largest |q| are sent, the first of those that are equal: `row` becomes a bit map, bit i of
// which says that element i is, and the q that are, in their order. All of the d of one that is not is left, to the last bit.
//: const w[n] const base[n] const residual[n] row:i8[(n+7)/8+k] left[n] turns 9*n+7
export function sencodeTopK(
  n: i32,
  k: i32,
  carry: i32,
  w: usize,
  base: usize,
  residual: usize,
  row: usize,
  left: usize,
): f32 {
  const scale = scaleOf(differences(n, carry, w, base, residual, left));
  const inverse = inverseOf(scale);
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
  keep(n, k, least, k - above, row, left, scale, inverse);
  return inverse > <f32>0 ? scale : <f32>0;
}

/** How many of n d have |q| >= t. */
function countFrom(t: i32, n: i32, d: usize, inverse: f32): i32 {
  let count = 0;
  for (const e = d + ((<usize>n) << 2); d < e; d += 4) if (abs(quantised(load<f32>(d), inverse)) >= t) count++;
  return count;
}

/**
 * Bit map, bytes and residuals of a row that keeps all |q| above `least`, and the first `ties` that are equal to it: k in all, and no more
 * even where the operands overlap, so that what is written changes what is still to be read.
 */
function keep(n: i32, k: i32, least: i32, ties: i32, map: usize, left: usize, scale: f32, inverse: f32): void {
  let bits: u32 = 0;
  let at = map + <usize>((n + 7) >> 3);
  const end = at + <usize>k;
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
