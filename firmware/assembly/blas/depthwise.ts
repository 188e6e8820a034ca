// Depthwise convolution leaves: one filter per channel, w(kh,kw,c), so a kernel position is one run over the channels.
import { multiply, multiplyInt8 } from "./inner_loops";

// y(oh,ow,c) += x(ih,iw,c) by w(kh,kw,c)
//: const x[ih*iw*c] const w[kh*kw*c] y[oh*ow*c] turns oh*ow*(1+kh*(1+kw*(1+c)))
export function sdepthwise(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
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
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++, y += (<usize>c) << 2)
      for (let q = max(0, ph - r * sh), q1 = min(kh, ih + ph - r * sh); q < q1; q++)
        for (let s = max(0, pw - t * sw), s1 = min(kw, iw + pw - t * sw); s < s1; s++)
          multiply(1, x + at(r * sh - ph + q, iw, t * sw - pw + s, c), w + at(q, kw, s, c), y, c);
}

// dx += dy by w
//: const dy[oh*ow*c] const w[kh*kw*c] dx[ih*iw*c] turns oh*ow*(1+kh*(1+kw*(1+c)))
export function sdepthwiseBackwardInput(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
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
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++, dy += (<usize>c) << 2)
      for (let q = max(0, ph - r * sh), q1 = min(kh, ih + ph - r * sh); q < q1; q++)
        for (let s = max(0, pw - t * sw), s1 = min(kw, iw + pw - t * sw); s < s1; s++)
          multiply(1, dy, w + at(q, kw, s, c), dx + at(r * sh - ph + q, iw, t * sw - pw + s, c), c);
}

// dw += k dy by x
//: const dy[oh*ow*c] const x[ih*iw*c] dw[kh*kw*c] turns oh*ow*(1+kh*(1+kw*(1+c)))
export function sdepthwiseBackwardWeights(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
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
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++, dy += (<usize>c) << 2)
      for (let q = max(0, ph - r * sh), q1 = min(kh, ih + ph - r * sh); q < q1; q++)
        for (let s = max(0, pw - t * sw), s1 = min(kw, iw + pw - t * sw); s < s1; s++)
          multiply(k, dy, x + at(r * sh - ph + q, iw, t * sw - pw + s, c), dw + at(q, kw, s, c), c);
}

// as sdepthwise, w int8 with one scale per channel
//: const x[ih*iw*c] const w:i8[kh*kw*c] const g[c] y[oh*ow*c] turns oh*ow*(1+kh*(1+kw*(1+c)))
export function qdepthwise(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
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
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++, y += (<usize>c) << 2)
      for (let q = max(0, ph - r * sh), q1 = min(kh, ih + ph - r * sh); q < q1; q++)
        for (let s = max(0, pw - t * sw), s1 = min(kw, iw + pw - t * sw); s < s1; s++)
          multiplyInt8(x + at(r * sh - ph + q, iw, t * sw - pw + s, c), w + (at(q, kw, s, c) >> 2), g, y, c);
}

// as sdepthwiseBackwardInput, w int8
//: const dy[oh*ow*c] const w:i8[kh*kw*c] const g[c] dx[ih*iw*c] turns oh*ow*(1+kh*(1+kw*(1+c)))
export function qdepthwiseBackwardInput(
  ih: i32,
  iw: i32,
  c: i32,
  oh: i32,
  ow: i32,
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
  for (let r = 0; r < oh; r++)
    for (let t = 0; t < ow; t++, dy += (<usize>c) << 2)
      for (let q = max(0, ph - r * sh), q1 = min(kh, ih + ph - r * sh); q < q1; q++)
        for (let s = max(0, pw - t * sw), s1 = min(kw, iw + pw - t * sw); s < s1; s++)
          multiplyInt8(dy, w + (at(q, kw, s, c) >> 2), g, dx + at(r * sh - ph + q, iw, t * sw - pw + s, c), c);
}

/** Byte offset of the channels at (row, column) of an f32 tensor `width` columns wide. */
function at(row: i32, width: i32, column: i32, c: i32): usize {
  return (<usize>((row * width + column) * c)) << 2;
}
