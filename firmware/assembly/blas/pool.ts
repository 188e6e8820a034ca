// Pooling leaves. No padding: a window that would leave the input is an error of the planner, and is clipped here all the same.

import { storeBytes4 } from "./vectors";

/** The maximum of channel j's window whose first element is (row, column), `rows` by `columns` of it inside the input. */
function windowMax(x: usize, iw: i32, c: i32, row: i32, column: i32, rows: i32, columns: i32, j: i32): f32 {
  let best: f32 = -Infinity;
  for (let q = 0; q < rows; q++)
    for (let s = 0; s < columns; s++) {
      const v = load<f32>(x + ((<usize>(((row + q) * iw + column + s) * c + j)) << 2));
      if (v > best) best = v;
    }
  return best;
}

/** windowMax of the four channels at x. */
function windowMax4(x: usize, iw: i32, c: i32, rows: i32, columns: i32): v128 {
  let best = f32x4.splat(-Infinity);
  for (let q = 0; q < rows; q++)
    for (let s = 0; s < columns; s++) best = f32x4.pmax(best, v128.load(x + ((<usize>((q * iw + s) * c)) << 2)));
  return best;
}

// y = maximum of each window
//: const x[ih*iw*c] y[oh*ow*c] turns oh*(1+ow*(1+c*(1+kh*(1+kw))))
export function smaxPool(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  x: usize,
  y: usize,
): void {
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++) {
      const rows = min(kh, ih - r * sh);
      const columns = min(kw, iw - t * sw);
      let j = 0;
      if (ASC_FEATURE_SIMD)
        for (const j4 = c & ~3; j < j4; j += 4, y += 16)
          v128.store(y, windowMax4(x + ((<usize>((r * sh * iw + t * sw) * c + j)) << 2), iw, c, rows, columns));
      for (; j < c; j++, y += 4) store<f32>(y, windowMax(x, iw, c, r * sh, t * sw, rows, columns, j));
    }
}

// winner = index in each window of the first element that equals the maximum y
//: const x[ih*iw*c] const y[oh*ow*c] winner:u8[oh*ow*c] turns oh*(1+ow*(1+c*(1+kh*(1+kw))))
export function smaxPoolWinner(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  x: usize,
  y: usize,
  winner: usize,
): void {
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++) {
      const rows = min(kh, ih - r * sh);
      const columns = min(kw, iw - t * sw);
      let j = 0;
      if (ASC_FEATURE_SIMD)
        for (const j4 = c & ~3; j < j4; j += 4, y += 16, winner += 4) {
          const first = x + ((<usize>((r * sh * iw + t * sw) * c + j)) << 2);
          storeBytes4(winner, windowIndex4(first, iw, c, rows, columns, kw, v128.load(y)));
        }
      for (; j < c; j++, y += 4, winner++)
        store<u8>(winner, <u8>windowIndex(x, iw, c, r * sh, t * sw, rows, columns, kw, j, load<f32>(y)));
    }
}

function windowIndex(
  x: usize,
  iw: i32,
  c: i32,
  row: i32,
  column: i32,
  rows: i32,
  columns: i32,
  kw: i32,
  j: i32,
  value: f32,
): i32 {
  for (let q = 0; q < rows; q++)
    for (let s = 0; s < columns; s++)
      if (load<f32>(x + ((<usize>(((row + q) * iw + column + s) * c + j)) << 2)) == value) return q * kw + s;
  return 0;
}

/** windowIndex of the four channels at x, each as i32. */
function windowIndex4(x: usize, iw: i32, c: i32, rows: i32, columns: i32, kw: i32, values: v128): v128 {
  let index = i32x4.splat(0);
  let found = i32x4.splat(0);
  for (let q = 0; q < rows; q++)
    for (let s = 0; s < columns; s++) {
      const equal = f32x4.eq(v128.load(x + ((<usize>((q * iw + s) * c)) << 2)), values);
      index = v128.bitselect(i32x4.splat(q * kw + s), index, v128.andnot(equal, found));
      found = v128.or(found, equal);
    }
  return index;
}

// dx(winner) += dy
//: const dy[oh*ow*c] const winner:u8[oh*ow*c] dx[ih*iw*c] turns oh*(1+ow*(1+c))
export function smaxPoolBackward(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dy: usize,
  winner: usize,
  dx: usize,
): void {
  if (kw <= 0) return;
  const reciprocal = 65_536 / kw + 1; // index / kw = index * reciprocal >> 16: exact, since index is below 256
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++)
      for (let j = 0; j < c; j++, dy += 4, winner++) {
        const index = <i32>load<u8>(winner);
        const q = (index * reciprocal) >> 16;
        const row = r * sh + q;
        const column = t * sw + index - q * kw;
        if (row >= ih || column >= iw) continue; // the winner is data, and data is not trusted
        const at = dx + ((<usize>((row * iw + column) * c + j)) << 2);
        store<f32>(at, load<f32>(at) + load<f32>(dy));
      }
}

// y = mean of each window
//: const x[ih*iw*c] y[oh*ow*c] turns oh*(1+ow*(1+c*(1+kh*(1+kw))))
export function saveragePool(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  x: usize,
  y: usize,
): void {
  const share: f32 = <f32>1.0 / <f32>(kh * kw);
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++)
      for (let j = 0; j < c; j++, y += 4) {
        let v: f32 = 0;
        for (let q = 0, q1 = min(kh, ih - r * sh); q < q1; q++)
          for (let s = 0, s1 = min(kw, iw - t * sw); s < s1; s++)
            v += load<f32>(x + ((<usize>(((r * sh + q) * iw + t * sw + s) * c + j)) << 2));
        store<f32>(y, v * share);
      }
}

// dx += dy / window
//: const dy[oh*ow*c] dx[ih*iw*c] turns oh*(1+ow*(1+c*(1+kh*(1+kw))))
export function saveragePoolBackward(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dy: usize,
  dx: usize,
): void {
  const share: f32 = <f32>1.0 / <f32>(kh * kw);
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++)
      for (let j = 0; j < c; j++, dy += 4) {
        const v = load<f32>(dy) * share;
        for (let q = 0, q1 = min(kh, ih - r * sh); q < q1; q++)
          for (let s = 0, s1 = min(kw, iw - t * sw); s < s1; s++) {
            const at = dx + ((<usize>(((r * sh + q) * iw + t * sw + s) * c + j)) << 2);
            store<f32>(at, load<f32>(at) + v);
          }
      }
}
