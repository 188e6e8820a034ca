// Adds weighted int8 rows to an f32 sum, sixteen elements at a time (SIMD). The only state is linear memory, laid out by fold.ts.

/** sum[i] += k · q[i], i < n. */
function addRow(n: i32, k: f32, q: usize, sum: usize): void {
  const factor = f32x4.splat(k);
  const wide = q + <usize>(n & ~15);
  for (; q < wide; q += 16, sum += 64) {
    const bytes = v128.load(q);
    const low = i16x8.extend_low_i8x16_s(bytes);
    const high = i16x8.extend_high_i8x16_s(bytes);
    add4(sum, factor, i32x4.extend_low_i16x8_s(low));
    add4(sum + 16, factor, i32x4.extend_high_i16x8_s(low));
    add4(sum + 32, factor, i32x4.extend_low_i16x8_s(high));
    add4(sum + 48, factor, i32x4.extend_high_i16x8_s(high));
  }
  for (const e = q + <usize>(n & 15); q < e; q++, sum += 4) store<f32>(sum, load<f32>(sum) + k * <f32>load<i8>(q));
}

function add4(at: usize, factor: v128, q: v128): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(factor, f32x4.convert_i32x4_s(q))));
}

/** `rows` rows of `n` elements, each behind its f32 scale and padded to 4 bytes, into consecutive elements of the sum. */
export function addRows(rows: i32, n: i32, weight: f32, at: usize, sum: usize): void {
  const stride = 4 + ((<usize>n + 3) & ~3);
  for (; rows > 0; rows--, at += stride, sum += (<usize>n) << 2) addRow(n, weight * load<f32>(at), at + 4, sum);
}
