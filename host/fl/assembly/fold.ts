// Adds weighted updates, int8 rows or f32 values, to an f32 sum, up to sixteen elements at a time (SIMD), four updates in one pass over the
// sum: each element is still added to in the updates' order, so the bits do not depend on how they are grouped. The only state is linear
// memory, laid out by fold.ts.

/** Four of the sixteen products of a factor and int8 elements. */
// @ts-expect-error: decorator
function product(factor: v128, half: v128, low: bool): v128 {
  const wide = low ? i32x4.extend_low_i16x8_s(half) : i32x4.extend_high_i16x8_s(half);
  return f32x4.mul(factor, f32x4.convert_i32x4_s(wide));
}

/** Four elements of the sum plus those of four updates, one after the other. */
// @ts-expect-error: decorator
function add4(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(at, f32x4.add(f32x4.add(f32x4.add(f32x4.add(v128.load(at), a), b), c), d));
}

/** sum[i] += k · q[i], i < n. */
function addRow(n: i32, k: f32, q: usize, sum: usize): void {
  const factor = f32x4.splat(k);
  const wide = q + <usize>(n & ~15);
  for (; q < wide; q += 16, sum += 64) {
    const bytes = v128.load(q);
    const low = i16x8.extend_low_i8x16_s(bytes);
    const high = i16x8.extend_high_i8x16_s(bytes);
    v128.store(sum, f32x4.add(v128.load(sum), product(factor, low, true)));
    v128.store(sum + 16, f32x4.add(v128.load(sum + 16), product(factor, low, false)));
    v128.store(sum + 32, f32x4.add(v128.load(sum + 32), product(factor, high, true)));
    v128.store(sum + 48, f32x4.add(v128.load(sum + 48), product(factor, high, false)));
  }
  for (const e = q + <usize>(n & 15); q < e; q++, sum += 4) store<f32>(sum, load<f32>(sum) + k * <f32>load<i8>(q));
}

/** The same for four rows at q, q + next, q + 2 next, q + 3 next, each behind its scale, with weights at `weights`. */
function addRow4(n: i32, weights: usize, q: usize, next: usize, sum: usize): void {
  const q1 = q + next;
  const q2 = q1 + next;
  const q3 = q2 + next;
  const k0 = load<f32>(weights) * load<f32>(q - 4);
  const k1 = load<f32>(weights, 4) * load<f32>(q1 - 4);
  const k2 = load<f32>(weights, 8) * load<f32>(q2 - 4);
  const k3 = load<f32>(weights, 12) * load<f32>(q3 - 4);
  const f0 = f32x4.splat(k0);
  const f1 = f32x4.splat(k1);
  const f2 = f32x4.splat(k2);
  const f3 = f32x4.splat(k3);
  let i: usize = 0;
  for (const wide = <usize>(n & ~7); i < wide; i += 8) {
    const a = v128.load8x8_s(q + i);
    const b = v128.load8x8_s(q1 + i);
    const c = v128.load8x8_s(q2 + i);
    const d = v128.load8x8_s(q3 + i);
    const at = sum + (i << 2);
    add4(at, product(f0, a, true), product(f1, b, true), product(f2, c, true), product(f3, d, true));
    add4(at + 16, product(f0, a, false), product(f1, b, false), product(f2, c, false), product(f3, d, false));
  }
  if (n & 4) {
    const a = i16x8.extend_low_i8x16_s(v128.load32_zero(q + i));
    const b = i16x8.extend_low_i8x16_s(v128.load32_zero(q1 + i));
    const c = i16x8.extend_low_i8x16_s(v128.load32_zero(q2 + i));
    const d = i16x8.extend_low_i8x16_s(v128.load32_zero(q3 + i));
    add4(sum + (i << 2), product(f0, a, true), product(f1, b, true), product(f2, c, true), product(f3, d, true));
    i += 4;
  }
  for (; i < <usize>n; i++) {
    let s = load<f32>(sum + (i << 2));
    s += k0 * <f32>load<i8>(q + i);
    s += k1 * <f32>load<i8>(q1 + i);
    s += k2 * <f32>load<i8>(q2 + i);
    s += k3 * <f32>load<i8>(q3 + i);
    store<f32>(sum + (i << 2), s);
  }
}

/** `rows` rows of `n` elements, each behind its f32 scale and padded to 4 bytes, into consecutive elements of the sum. */
export function addRows(rows: i32, n: i32, weight: f32, at: usize, sum: usize): void {
  const stride = 4 + ((<usize>n + 3) & ~3);
  for (; rows > 0; rows--, at += stride, sum += (<usize>n) << 2) addRow(n, weight * load<f32>(at), at + 4, sum);
}

/** The same for four updates that lie `next` bytes apart, with four f32 weights at `weights`. */
export function addRows4(rows: i32, n: i32, weights: usize, at: usize, next: usize, sum: usize): void {
  const stride = 4 + ((<usize>n + 3) & ~3);
  for (; rows > 0; rows--, at += stride, sum += (<usize>n) << 2) addRow4(n, weights, at + 4, next, sum);
}

/** sum[i] += weight · v[i], i < n, of f32 values at `at`. */
export function addValues(n: i32, weight: f32, at: usize, sum: usize): void {
  const factor = f32x4.splat(weight);
  const wide = at + ((<usize>n >> 2) << 4);
  for (; at < wide; at += 16, sum += 16) v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(factor, v128.load(at))));
  for (const e = at + ((<usize>n & 3) << 2); at < e; at += 4, sum += 4)
    store<f32>(sum, load<f32>(sum) + weight * load<f32>(at));
}

/** The same for four updates that lie `next` bytes apart, with four f32 weights at `weights`. */
export function addValues4(n: i32, weights: usize, at: usize, next: usize, sum: usize): void {
  const a = v128.load32_splat(weights);
  const b = v128.load32_splat(weights, 4);
  const c = v128.load32_splat(weights, 8);
  const d = v128.load32_splat(weights, 12);
  const at1 = at + next;
  const at2 = at1 + next;
  const at3 = at2 + next;
  const wide = (<usize>n >> 2) << 4;
  let i: usize = 0;
  for (; i < wide; i += 16)
    add4(
      sum + i,
      f32x4.mul(a, v128.load(at + i)),
      f32x4.mul(b, v128.load(at1 + i)),
      f32x4.mul(c, v128.load(at2 + i)),
      f32x4.mul(d, v128.load(at3 + i)),
    );
  for (const end = (<usize>n) << 2; i < end; i += 4) {
    let s = load<f32>(sum + i);
    s += load<f32>(weights) * load<f32>(at + i);
    s += load<f32>(weights, 4) * load<f32>(at1 + i);
    s += load<f32>(weights, 8) * load<f32>(at2 + i);
    s += load<f32>(weights, 12) * load<f32>(at3 + i);
    store<f32>(sum + i, s);
  }
}
