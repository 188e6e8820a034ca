// Convolution leaves (see blas.ts for the rules). Kernel positions outside the input are skipped, which is what padding with zeros means.
// Columns whose window lies inside go four at a time; those at the edges, whose window is clipped, go alone. W is the type of the weights:
// f32, or i8 with one scale per output channel at g.
import { addSum } from "./rows";
import { sumWindows } from "./scaled_sums";
import { endOfWhole, firstWhole, tile, tile1, windowDot } from "./tiles";
import { tile1By8 } from "./vectors";

// y(oh,ow,oc) += conv(x(ih,iw,ic), w(oc,kh,kw,ic))
//: const x[ih*iw*ic] const w[oc*kh*kw*ic] y[oh*ow*oc] turns ow+oh*(1+ow*(1+oc*kh*(1+kw*ic)))
export function sconv2d(
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
  y: usize,
): void {
  conv2d<f32>(ih, iw, ic, oh, ow, oc, kh, kw, sh, sw, ph, pw, x, w, 0, y);
}

// as sconv2d, w int8 with one scale per output channel
//: const x[ih*iw*ic] const w:i8[oc*kh*kw*ic] const s[oc] y[oh*ow*oc] turns ow+oh*(1+ow*(1+oc*kh*(1+kw*ic)))
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
  conv2d<i8>(ih, iw, ic, oh, ow, oc, kh, kw, sh, sw, ph, pw, x, w, s, y);
}

function conv2d<W>(
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
  g: usize,
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
      const width = min(kw, iw + pw - t * sw) - s0;
      const n = width * ic;
      const xAt = x + ((<usize>((line + t * sw - pw + s0) * ic)) << 2);
      const wAt = w + <usize>((q0 * kw + s0) * ic) * sizeof<W>();
      const four = t >= t0 && t + 4 <= t1;
      if (width > 0 && rows > 0) {
        if (four)
          fourPositions<W>(oc, (<usize>(sw * ic)) << 2, xAt, iw * ic, wAt, kw * ic, kh * kw * ic, g, y, rows, n);
        else onePosition<W>(oc, xAt, iw * ic, wAt, kw * ic, kh * kw * ic, g, y, rows, n);
      }
      t += four ? 4 : 1;
      y += four ? out << 2 : out;
    }
  }
}

/** `line` and `row` are the elements of a row of the input and of a filter, `filter` those of a filter. */
function fourPositions<W>(
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
  const wGap = <usize>(row - n) * sizeof<W>();
  const f = <usize>filter * sizeof<W>();
  const s = (<usize>oc) << 2;
  const e = y + s;
  const e4 = y + ((<usize>oc >> 2) << 4);
  for (; y < e4; y += 16, g += 16, w += f << 2) tile<W>(x, xStep, xGap, w, f, wGap, g, y, s, rows, n);
  for (; y < e; y += 4, g += 4, w += f)
    for (let p = 0, xAt = x, yAt = y; p < 4; p++, xAt += xStep, yAt += s)
      addSum<W>(windowDot<W>(xAt, xGap, w, wGap, rows, n), g, yAt, 0);
}

function onePosition<W>(
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
  const wGap = <usize>(row - n) * sizeof<W>();
  const f = <usize>filter * sizeof<W>();
  const e = y + ((<usize>oc) << 2);
  const e4 = y + ((<usize>oc >> 2) << 4);
  if (ASC_FEATURE_SIMD)
    for (const e8 = y + ((<usize>oc >> 3) << 5); y < e8; y += 32, g += 32, w += f << 3)
      tile1By8<W>(x, xGap, w, f, wGap, g, y, rows, n);
  for (; y < e4; y += 16, g += 16, w += f << 2) tile1<W>(x, xGap, w, f, wGap, g, y, rows, n);
  for (; y < e; y += 4, g += 4, w += f) addSum<W>(windowDot<W>(x, xGap, w, wGap, rows, n), g, y, 0);
}

// dx += the transposed convolution of dy
//: const dy[oh*ow*oc] const w[oc*kh*kw*ic] dx[ih*iw*ic] turns oh*(1+ow*(1+oc*kh*(1+kw*ic)))
export function sconv2dBackwardInput(
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
  dx: usize,
): void {
  conv2dBackwardInput<f32>(ih, iw, ic, oh, ow, oc, kh, kw, sh, sw, ph, pw, dy, w, 0, dx);
}

// as sconv2dBackwardInput, w int8
//: const dy[oh*ow*oc] const w:i8[oc*kh*kw*ic] const s[oc] dx[ih*iw*ic] turns oh*(1+ow*(1+oc*kh*(1+kw*ic)))
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
  conv2dBackwardInput<i8>(ih, iw, ic, oh, ow, oc, kh, kw, sh, sw, ph, pw, dy, w, s, dx);
}

function conv2dBackwardInput<W>(
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
  g: usize,
  dx: usize,
): void {
  const filter = <usize>(kh * kw * ic) * sizeof<W>();
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const rows = min(kh, ih + ph - r * sh) - q0;
    for (let t = 0; t < ow; t++, dy += (<usize>oc) << 2) {
      const s0 = max(0, pw - t * sw);
      const width = min(kw, iw + pw - t * sw) - s0;
      if (width <= 0 || rows <= 0) continue; // before the product: a window far outside would overflow
      const n = width * ic;
      const dxAt = dx + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
      const wAt = w + <usize>((q0 * kw + s0) * ic) * sizeof<W>();
      const wGap = <usize>(kw * ic - n) * sizeof<W>();
      sumWindows<W>(dy, 4, oc, 1, g, wAt, oc, filter, 0, wGap, dxAt, (<usize>(iw * ic - n)) << 2, rows, n);
    }
  }
}

// dw += k · the correlation of x with dy
//: const dy[oh*ow*oc] const x[ih*iw*ic] dw[oc*kh*kw*ic] turns (1+oc)*(1+ow+oh*(1+ow*(1+kh*(1+kw*ic))))
export function sconv2dBackwardWeights(
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
  k: f32,
  dy: usize,
  x: usize,
  dw: usize,
): void {
  const step = (<usize>oc) << 2;
  const across = (<usize>(sw * ic)) << 2;
  const whole = ph == 0 && pw == 0 && (oh - 1) * sh + kh <= ih && (ow - 1) * sw + kw <= iw;
  const n = kw * ic;
  if (whole)
    for (let o = 0; o < oc; o++, dy += 4, dw += (<usize>(kh * n)) << 2) {
      const down = (<usize>(sh * iw * ic)) << 2;
      sumWindows<f32>(dy, step, oh * ow, k, 0, x, ow, across, down, (<usize>(iw * ic - n)) << 2, dw, 0, kh, n);
    }
  else
    for (let o = 0; o < oc; o++, dy += 4, dw += (<usize>(kh * n)) << 2)
      clippedWeights(ih, iw, ic, oh, ow, oc, kh, kw, sh, sw, ph, pw, k, dy, x, dw);
}

/** One filter's share, where windows may be clipped: row by row, the columns at the edges alone. */
function clippedWeights(
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
  k: f32,
  dy: usize,
  x: usize,
  dw: usize,
): void {
  const step = (<usize>oc) << 2;
  const t0 = firstWhole(ow, sw, pw);
  const t1 = endOfWhole(t0, iw, ow, kw, sw, pw);
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const rows = min(kh, ih + ph - r * sh) - q0;
    for (let t = 0; t < ow; ) {
      const s0 = max(0, pw - t * sw);
      const width = min(kw, iw + pw - t * sw) - s0;
      const n = width * ic;
      const columns = t == t0 && t1 > t0 ? t1 - t0 : 1;
      if (width > 0 && rows > 0) {
        const xAt = x + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        const wAt = dw + ((<usize>((q0 * kw + s0) * ic)) << 2);
        const gap = (<usize>(kw * ic - n)) << 2;
        const across = (<usize>(sw * ic)) << 2;
        sumWindows<f32>(
          dy,
          step,
          columns,
          k,
          0,
          xAt,
          columns,
          across,
          0,
          (<usize>(iw * ic - n)) << 2,
          wAt,
          gap,
          rows,
          n,
        );
      }
      t += columns;
      dy += step * columns;
    }
  }
}
