// Convolution leaves over int8 weights with one scale per output channel: as convolution.ts.

import { sumWindowsInt8 } from "./scaled_sums";
import { endOfWhole, firstWhole } from "./tiles";
import { tile1Int8, tileInt8, windowDotInt8 } from "./tiles_int8";

// as sconv2d, w int8 with one scale per output channel
//: const x[ih*iw*ic] const w:i8[oc*kh*kw*ic] const s[oc] y[oh*ow*oc] turns oh*ow*(1+oc*kh*kw*ic)
export function qconv2d(
  ih: i32,
  iw: i32,
  ic: i32,
  oh: i32,
  ow: i32,
  oc: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  x: usize,
  w: usize,
  s: usize,
  y: usize,
): void {
  const t0 = firstWhole(ow, sw, pw);
  const t1 = endOfWhole(t0, iw, ow, kw, sw, pw);
  const out = (<usize>oc) << 2;
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const rows = min(kh, ih + ph - r * sh) - q0;
    const line = (r * sh - ph + q0) * iw;
    for (let t = 0; t < ow; ) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      const xAt = x + ((<usize>((line + t * sw - pw + s0) * ic)) << 2);
      const wAt = w + <usize>((q0 * kw + s0) * ic);
      const four = t >= t0 && t + 4 <= t1;
      if (n > 0 && rows > 0) {
        if (four)
          fourPositionsInt8(oc, (<usize>(sw * ic)) << 2, xAt, iw * ic, wAt, kw * ic, kh * kw * ic, s, y, rows, n);
        else onePositionInt8(oc, xAt, iw * ic, wAt, kw * ic, kh * kw * ic, s, y, rows, n);
      }
      t += four ? 4 : 1;
      y += four ? out << 2 : out;
    }
  }
}

function fourPositionsInt8(
  oc: i32,
  xStep: usize,
  x: usize,
  line: i32,
  w: usize,
  row: i32,
  filter: i32,
  g: usize,
  y: usize,
  rows: i32,
  n: i32,
): void {
  const xGap = (<usize>(line - n)) << 2;
  const wGap = <usize>(row - n);
  const s = (<usize>oc) << 2;
  const e = y + s;
  const e4 = y + ((<usize>oc >> 2) << 4);
  for (; y < e4; y += 16, g += 16, w += (<usize>filter) << 2)
    tileInt8(x, xStep, xGap, w, filter, wGap, g, y, s, rows, n);
  for (; y < e; y += 4, g += 4, w += <usize>filter)
    for (let p = 0, xAt = x, yAt = y; p < 4; p++, xAt += xStep, yAt += s)
      store<f32>(yAt, load<f32>(yAt) + load<f32>(g) * windowDotInt8(xAt, xGap, w, wGap, rows, n));
}

function onePositionInt8(
  oc: i32,
  x: usize,
  line: i32,
  w: usize,
  row: i32,
  filter: i32,
  g: usize,
  y: usize,
  rows: i32,
  n: i32,
): void {
  const xGap = (<usize>(line - n)) << 2;
  const wGap = <usize>(row - n);
  const e = y + ((<usize>oc) << 2);
  const e4 = y + ((<usize>oc >> 2) << 4);
  for (; y < e4; y += 16, g += 16, w += (<usize>filter) << 2) tile1Int8(x, xGap, w, filter, wGap, g, y, rows, n);
  for (; y < e; y += 4, g += 4, w += <usize>filter)
    store<f32>(y, load<f32>(y) + load<f32>(g) * windowDotInt8(x, xGap, w, wGap, rows, n));
}

// as sconv2dBackwardInput, w int8
//: const dy[oh*ow*oc] const w:i8[oc*kh*kw*ic] const s[oc] dx[ih*iw*ic] turns oh*ow*(1+oc*kh*kw*ic)
export function qconv2dBackwardInput(
  ih: i32,
  iw: i32,
  ic: i32,
  oh: i32,
  ow: i32,
  oc: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  dy: usize,
  w: usize,
  s: usize,
  dx: usize,
): void {
  const filter = <usize>(kh * kw * ic);
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const rows = min(kh, ih + ph - r * sh) - q0;
    for (let t = 0; t < ow; t++, dy += (<usize>oc) << 2) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n <= 0 || rows <= 0) continue;
      const dxAt = dx + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
      const wAt = w + <usize>((q0 * kw + s0) * ic);
      sumWindowsInt8(dy, s, oc, wAt, filter, <usize>(kw * ic - n), dxAt, (<usize>(iw * ic - n)) << 2, rows, n);
    }
  }
}
