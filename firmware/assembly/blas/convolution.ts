// Convolution and pooling leaves (see blas.ts for the rules). Kernel positions outside the input are skipped, which is what padding
// with zeros means. The clipped window is computed once per output position.
import { axpy, axpyInt8, dot, dot4, dotInt8 } from "./inner_loops";

// y(oh,ow,oc) += conv(x(ih,iw,ic), w(oc,kh,kw,ic))
//: const x[ih*iw*ic] const w[oc*kh*kw*ic] y[oh*ow*oc] turns oh*ow*(1+oc*kh*kw*ic)
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
  const filter = (<usize>(kh * kw * ic)) << 2;
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const q1 = min(kh, ih + ph - r * sh);
    for (let t = 0; t < ow; t++) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n > 0 && q0 < q1) {
        const xAt = x + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        const wAt = w + ((<usize>((q0 * kw + s0) * ic)) << 2);
        filters(oc, q1 - q0, n, (<usize>(iw * ic)) << 2, (<usize>(kw * ic)) << 2, filter, xAt, wAt, y);
      }
      y += (<usize>oc) << 2;
    }
  }
}

/** y(oc) += each filter over `rows` kernel rows of n elements. */
function filters(
  oc: i32,
  rows: i32,
  n: i32,
  xRow: usize,
  wRow: usize,
  filter: usize,
  x: usize,
  w: usize,
  y: usize,
): void {
  const e = y + ((<usize>oc) << 2);
  const e4 = y + ((<usize>oc >> 2) << 4);
  for (; y < e4; y += 16, w += filter << 2)
    for (let q = 0, xp = x, wp = w; q < rows; q++, xp += xRow, wp += wRow) dot4(wp, filter, xp, y, n);
  for (; y < e; y += 4, w += filter)
    for (let q = 0, xp = x, wp = w; q < rows; q++, xp += xRow, wp += wRow) store<f32>(y, load<f32>(y) + dot(xp, wp, n));
}

// dx += the transposed convolution of dy
//: const dy[oh*ow*oc] const w[oc*kh*kw*ic] dx[ih*iw*ic] turns oh*ow*(1+oc*kh*kw*ic)
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
  const filter = (<usize>(kh * kw * ic)) << 2;
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const q1 = min(kh, ih + ph - r * sh);
    for (let t = 0; t < ow; t++) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n > 0 && q0 < q1) {
        const dxAt = dx + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        let wAt = w + ((<usize>((q0 * kw + s0) * ic)) << 2);
        for (let o = 0; o < oc; o++, wAt += filter) {
          const k = load<f32>(dy + ((<usize>o) << 2));
          if (k == <f32>0) continue;
          for (
            let q = q0, xp = dxAt, wp = wAt;
            q < q1;
            q++, xp += (<usize>(iw * ic)) << 2, wp += (<usize>(kw * ic)) << 2
          )
            axpy(k, wp, xp, n);
        }
      }
      dy += (<usize>oc) << 2;
    }
  }
}

// dw += k · the correlation of x with dy
//: const dy[oh*ow*oc] const x[ih*iw*ic] dw[oc*kh*kw*ic] turns oh*ow*(1+oc*kh*kw*ic)
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
  const filter = (<usize>(kh * kw * ic)) << 2;
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const q1 = min(kh, ih + ph - r * sh);
    for (let t = 0; t < ow; t++) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n > 0 && q0 < q1) {
        const xAt = x + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        let wAt = dw + ((<usize>((q0 * kw + s0) * ic)) << 2);
        for (let o = 0; o < oc; o++, wAt += filter) {
          const g = k * load<f32>(dy + ((<usize>o) << 2));
          if (g == <f32>0) continue;
          for (
            let q = q0, xp = xAt, wp = wAt;
            q < q1;
            q++, xp += (<usize>(iw * ic)) << 2, wp += (<usize>(kw * ic)) << 2
          )
            axpy(g, xp, wp, n);
        }
      }
      dy += (<usize>oc) << 2;
    }
  }
}

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
  const filter = <usize>(kh * kw * ic);
  for (let r = 0; r < oh; r++) {
    const q0 = max(0, ph - r * sh);
    const q1 = min(kh, ih + ph - r * sh);
    for (let t = 0; t < ow; t++) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n > 0 && q0 < q1) {
        const xAt = x + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        let wAt = w + <usize>((q0 * kw + s0) * ic);
        for (let o: usize = 0, e = (<usize>oc) << 2; o < e; o += 4, wAt += filter) {
          let v: f32 = 0;
          for (let q = q0, xp = xAt, wp = wAt; q < q1; q++, xp += (<usize>(iw * ic)) << 2, wp += <usize>(kw * ic))
            v += dotInt8(xp, wp, n);
          store<f32>(y + o, load<f32>(y + o) + load<f32>(s + o) * v);
        }
      }
      y += (<usize>oc) << 2;
    }
  }
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
    const q1 = min(kh, ih + ph - r * sh);
    for (let t = 0; t < ow; t++) {
      const s0 = max(0, pw - t * sw);
      const n = (min(kw, iw + pw - t * sw) - s0) * ic;
      if (n > 0 && q0 < q1) {
        const dxAt = dx + ((<usize>(((r * sh - ph + q0) * iw + t * sw - pw + s0) * ic)) << 2);
        let wAt = w + <usize>((q0 * kw + s0) * ic);
        for (let o: usize = 0, e = (<usize>oc) << 2; o < e; o += 4, wAt += filter) {
          const k = load<f32>(dy + o) * load<f32>(s + o);
          if (k == <f32>0) continue;
          for (let q = q0, xp = dxAt, wp = wAt; q < q1; q++, xp += (<usize>(iw * ic)) << 2, wp += <usize>(kw * ic))
            axpyInt8(k, wp, xp, n);
        }
      }
      dy += (<usize>oc) << 2;
    }
  }
}
