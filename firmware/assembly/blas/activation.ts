// Activations, losses and sample decoding.
import { exp, log, sigmoid, tanh } from "./scalar";
import { endOf4 } from "./vectors";

//: y[n]
export function srelu(n: i32, y: usize): void {
  const e = y + ((<usize>n) << 2);
  if (ASC_FEATURE_SIMD)
    for (const e4 = endOf4(y, n); y < e4; y += 16)
      v128.store(y, v128.and(v128.load(y), f32x4.gt(v128.load(y), f32x4.splat(0))));
  for (; y < e; y += 4) if (!(load<f32>(y) > <f32>0)) store<f32>(y, 0);
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
  const e = y + ((<usize>n) << 2);
  if (ASC_FEATURE_SIMD)
    for (const e4 = endOf4(y, n); y < e4; y += 16, dy += 16) {
      const v = v128.load(y);
      const passes = v128.and(f32x4.gt(v, f32x4.splat(0)), f32x4.lt(v, f32x4.splat(limit)));
      v128.store(dy, v128.and(v128.load(dy), passes));
    }
  for (; y < e; y += 4, dy += 4) {
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
  let i = 0;
  if (ASC_FEATURE_SIMD)
    for (const n8 = n & ~7; i < n8; i += 8, y += 32, mask++)
      store<u8>(mask, <u8>(clampBits4(y, limit) | (clampBits4(y + 16, limit) << 4)));
  for (; i < n; i++, y += 4) {
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

/** Four of sreluMask; returns their bits. */
function clampBits4(y: usize, limit: f32): i32 {
  const v = v128.load(y);
  const positive = f32x4.gt(v, f32x4.splat(0));
  const below = f32x4.lt(v, f32x4.splat(limit));
  v128.store(y, v128.and(v128.bitselect(v, f32x4.splat(limit), below), positive));
  return i32x4.bitmask(v128.and(positive, below));
}

//: const mask:u8[(n+7)/8] dy[n]
export function smaskBackward(n: i32, mask: usize, dy: usize): void {
  let i = 0;
  if (ASC_FEATURE_SIMD)
    for (const n4 = n & ~3; i < n4; i += 4, dy += 16) {
      const one = i32x4(1, 2, 4, 8);
      const bits = i32x4.splat(load<u8>(mask + <usize>(i >> 3)) >> (i & 7));
      v128.store(dy, v128.and(v128.load(dy), i32x4.eq(v128.and(bits, one), one)));
    }
  for (; i < n; i++, dy += 4) if (!((load<u8>(mask + <usize>(i >> 3)) >> (i & 7)) & 1)) store<f32>(dy, 0);
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
