// Sums of rows and windows scaled by a gradient, of which a relu leaves many zero: those are passed over, the others go eight at a time.

import { ger4, ger8 } from "./rows";
import { addWindow, addWindowInt8, addWindows4, addWindows4Int8, addWindows8, addWindows8Int8 } from "./windows";

/** Index of the next of `count` gradients, `step` bytes apart, that is not zero; `count` when there is none. */
export function nonzero(dy: usize, step: usize, i: usize, count: usize): usize {
  while (i < count && load<f32>(dy + i * step) == <f32>0) i++;
  return i;
}

/** Window i of a grid `width` wide: its neighbours lie `across` and `down` bytes away. */
function windowAt(x: usize, i: usize, width: usize, across: usize, down: usize): usize {
  const r = i / width;
  return x + r * down + (i - r * width) * across;
}

/** y += f Σ dy[i] window i, over the windows of a grid in order. */
export function sumWindows(
  dy: usize,
  step: usize,
  count: usize,
  f: f32,
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
    const ka = f * load<f32>(dy + a * step);
    const xa = windowAt(x, a, width, across, down);
    const b = nonzero(dy, step, a + 1, count);
    const c = nonzero(dy, step, b + 1, count);
    const d = nonzero(dy, step, c + 1, count);
    if (d >= count) {
      addWindow(ka, xa, xGap, y, yGap, rows, n);
      a = b;
      continue;
    }
    const kb = f * load<f32>(dy + b * step);
    const kc = f * load<f32>(dy + c * step);
    const kd = f * load<f32>(dy + d * step);
    const xb = windowAt(x, b, width, across, down);
    const xc = windowAt(x, c, width, across, down);
    const xd = windowAt(x, d, width, across, down);
    const e = nonzero(dy, step, d + 1, count);
    const g = nonzero(dy, step, e + 1, count);
    const h = nonzero(dy, step, g + 1, count);
    const i = nonzero(dy, step, h + 1, count);
    if (i >= count) {
      addWindows4(ka, kb, kc, kd, xa, xb, xc, xd, xGap, y, yGap, rows, n);
      a = e;
      continue;
    }
    const ke = f * load<f32>(dy + e * step);
    const kg = f * load<f32>(dy + g * step);
    const kh = f * load<f32>(dy + h * step);
    const ki = f * load<f32>(dy + i * step);
    const xe = windowAt(x, e, width, across, down);
    const xg = windowAt(x, g, width, across, down);
    const xh = windowAt(x, h, width, across, down);
    const xi = windowAt(x, i, width, across, down);
    addWindows8(ka, kb, kc, kd, ke, kg, kh, ki, xa, xb, xc, xd, xe, xg, xh, xi, xGap, y, yGap, rows, n);
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
      addWindow(ka, y, 0, A + a * s, 0, 1, n);
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

/** y += Σ dy[i] s[i] row i, rows int8 and `across` bytes apart. */
export function sumWindowsInt8(
  dy: usize,
  s: usize,
  count: usize,
  x: usize,
  across: usize,
  xGap: usize,
  y: usize,
  yGap: usize,
  rows: i32,
  n: i32,
): void {
  for (let a = nonzero(dy, 4, 0, count); a < count; ) {
    const ka = load<f32>(dy + (a << 2)) * load<f32>(s + (a << 2));
    const xa = x + a * across;
    const b = nonzero(dy, 4, a + 1, count);
    const c = nonzero(dy, 4, b + 1, count);
    const d = nonzero(dy, 4, c + 1, count);
    if (d >= count) {
      addWindowInt8(ka, xa, xGap, y, yGap, rows, n);
      a = b;
      continue;
    }
    const kb = load<f32>(dy + (b << 2)) * load<f32>(s + (b << 2));
    const kc = load<f32>(dy + (c << 2)) * load<f32>(s + (c << 2));
    const kd = load<f32>(dy + (d << 2)) * load<f32>(s + (d << 2));
    const xb = x + b * across;
    const xc = x + c * across;
    const xd = x + d * across;
    const e = nonzero(dy, 4, d + 1, count);
    const g = nonzero(dy, 4, e + 1, count);
    const h = nonzero(dy, 4, g + 1, count);
    const i = nonzero(dy, 4, h + 1, count);
    if (i >= count) {
      addWindows4Int8(ka, kb, kc, kd, xa, xb, xc, xd, xGap, y, yGap, rows, n);
      a = e;
      continue;
    }
    const ke = load<f32>(dy + (e << 2)) * load<f32>(s + (e << 2));
    const kg = load<f32>(dy + (g << 2)) * load<f32>(s + (g << 2));
    const kh = load<f32>(dy + (h << 2)) * load<f32>(s + (h << 2));
    const ki = load<f32>(dy + (i << 2)) * load<f32>(s + (i << 2));
    const xe = x + e * across;
    const xg = x + g * across;
    const xh = x + h * across;
    const xi = x + i * across;
    addWindows8Int8(ka, kb, kc, kd, ke, kg, kh, ki, xa, xb, xc, xd, xe, xg, xh, xi, xGap, y, yGap, rows, n);
    a = nonzero(dy, 4, i + 1, count);
  }
}
