// Sums of rows and windows scaled by a gradient, of which a relu leaves many zero: those are passed over, the others go several at a time:
// eight of int8, four of f32, of which two columns go per turn (rows.ts), so that the pairs of eight would not fit the registers.

import { ger4, ger8 } from "./rows";
import { addWindow, addWindows4, addWindows8 } from "./windows";

/** Index of the next of `count` gradients, `step` bytes apart, that is not zero; `count` when there is none. */
export function nonzero(dy: usize, step: usize, i: usize, count: usize): usize {
  while (i < count && load<f32>(dy + i * step) == <f32>0) i++;
  return i;
}

/** Window i of a grid `width` wide: its neighbours lie `across` and `down` bytes away. Those of int8 weights stand in one line. */
function windowAt<W>(x: usize, i: usize, width: usize, across: usize, down: usize): usize {
  if (isInteger<W>()) return x + i * across;
  const r = i / width;
  return x + r * down + (i - r * width) * across;
}

/** What window i counts: its gradient times f, or, where its weights are int8, times its scale. */
function factor<W>(dy: usize, step: usize, i: usize, f: f32, scales: usize): f32 {
  const d = load<f32>(dy + i * step);
  if (isInteger<W>()) return d * load<f32>(scales + (i << 2));
  return f * d;
}

/** y += Σ factor · window i, over the windows of a grid in order, of type W. */
export function sumWindows<W>(
  dy: usize,
  step: usize,
  count: usize,
  f: f32,
  scales: usize,
  x: usize,
  width: usize,
  across: usize,
  down: usize,
  xGap: usize,
  y: usize,
  yGap: usize,
  rows: i32,
  n: i32,
): void {
  for (let a = nonzero(dy, step, 0, count); a < count; ) {
    const ka = factor<W>(dy, step, a, f, scales);
    const xa = windowAt<W>(x, a, width, across, down);
    const b = nonzero(dy, step, a + 1, count);
    const c = nonzero(dy, step, b + 1, count);
    const d = nonzero(dy, step, c + 1, count);
    if (d >= count) {
      addWindow<W>(ka, xa, xGap, y, yGap, rows, n);
      a = b;
      continue;
    }
    const kb = factor<W>(dy, step, b, f, scales);
    const kc = factor<W>(dy, step, c, f, scales);
    const kd = factor<W>(dy, step, d, f, scales);
    const xb = windowAt<W>(x, b, width, across, down);
    const xc = windowAt<W>(x, c, width, across, down);
    const xd = windowAt<W>(x, d, width, across, down);
    const e = nonzero(dy, step, d + 1, count);
    if (isFloat<W>()) {
      addWindows4<W>(ka, kb, kc, kd, xa, xb, xc, xd, xGap, y, yGap, rows, n);
      a = e;
      continue;
    }
    const g = nonzero(dy, step, e + 1, count);
    const h = nonzero(dy, step, g + 1, count);
    const i = nonzero(dy, step, h + 1, count);
    if (i >= count) {
      addWindows4<W>(ka, kb, kc, kd, xa, xb, xc, xd, xGap, y, yGap, rows, n);
      a = e;
      continue;
    }
    const ke = factor<W>(dy, step, e, f, scales);
    const kg = factor<W>(dy, step, g, f, scales);
    const kh = factor<W>(dy, step, h, f, scales);
    const ki = factor<W>(dy, step, i, f, scales);
    const xe = windowAt<W>(x, e, width, across, down);
    const xg = windowAt<W>(x, g, width, across, down);
    const xh = windowAt<W>(x, h, width, across, down);
    const xi = windowAt<W>(x, i, width, across, down);
    addWindows8<W>(ka, kb, kc, kd, ke, kg, kh, ki, xa, xb, xc, xd, xe, xg, xh, xi, xGap, y, yGap, rows, n);
    a = nonzero(dy, step, i + 1, count);
  }
}

/** Row i of A(m,n) += f x[i] y. */
export function addOuter(x: usize, m: usize, f: f32, y: usize, A: usize, n: i32): void {
  const s = (<usize>n) << 2;
  for (let a = nonzero(x, 4, 0, m); a < m; ) {
    const ka = f * load<f32>(x + (a << 2));
    const b = nonzero(x, 4, a + 1, m);
    const c = nonzero(x, 4, b + 1, m);
    const d = nonzero(x, 4, c + 1, m);
    if (d >= m) {
      addWindow<f32>(ka, y, 0, A + a * s, 0, 1, n);
      a = b;
      continue;
    }
    const kb = f * load<f32>(x + (b << 2));
    const kc = f * load<f32>(x + (c << 2));
    const kd = f * load<f32>(x + (d << 2));
    const e = nonzero(x, 4, d + 1, m);
    const g = nonzero(x, 4, e + 1, m);
    const h = nonzero(x, 4, g + 1, m);
    const i = nonzero(x, 4, h + 1, m);
    if (i >= m) {
      ger4(ka, kb, kc, kd, A + a * s, A + b * s, A + c * s, A + d * s, y, n);
      a = e;
      continue;
    }
    const ke = f * load<f32>(x + (e << 2));
    const kg = f * load<f32>(x + (g << 2));
    const kh = f * load<f32>(x + (h << 2));
    const ki = f * load<f32>(x + (i << 2));
    ger8(
      ka,
      kb,
      kc,
      kd,
      ke,
      kg,
      kh,
      ki,
      A + a * s,
      A + b * s,
      A + c * s,
      A + d * s,
      A + e * s,
      A + g * s,
      A + h * s,
      A + i * s,
      y,
      n,
    );
    a = nonzero(x, 4, i + 1, m);
  }
}
