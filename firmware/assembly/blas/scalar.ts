// Exponential, logarithm and what follows from them, in f32 only: Mathf's use f64, which a single-precision FPU emulates.
// Coefficients: Cephes expf/logf (S. L. Moshier). Relative error below 3e-7 in the tested range.

/** e^x; 0 below -87, +inf above 88.7. */
export function exp(x: f32): f32 {
  if (x < <f32>-87.0) return 0;
  if (x > <f32>88.7) return Infinity;
  const t = x * <f32>1.44269504 + <f32>12582912.0; // adding 1.5·2^23 rounds half to even
  const n = t - <f32>12582912.0;
  let r = x - n * <f32>0.693359375;
  r = r - n * <f32>-2.1219444e-4;
  let p: f32 = <f32>1.98756915e-4;
  p = p * r + <f32>1.3981999507e-3;
  p = p * r + <f32>8.3334519073e-3;
  p = p * r + <f32>4.1665795894e-2;
  p = p * r + <f32>1.6666665459e-1;
  p = p * r + <f32>5.0000001201e-1;
  p = p * (r * r) + r + <f32>1.0;
  // 2^n in two factors: n = 128 has no exponent of its own.
  const k = reinterpret<i32>(t) - 0x4b400000;
  const half = k >> 1;
  return p * reinterpret<f32>((half + 127) << 23) * reinterpret<f32>((k - half + 127) << 23);
}

/** ln x for x > 0; anything below the smallest normal number counts as that. */
export function log(x: f32): f32 {
  if (x < <f32>1.17549435e-38) x = <f32>1.17549435e-38;
  const i = reinterpret<i32>(x);
  let e = (i >> 23) - 126;
  let m = reinterpret<f32>((i & 0x007fffff) | 0x3f000000);
  if (m < <f32>0.707106781) {
    e -= 1;
    m = m + m - <f32>1.0;
  } else m = m - <f32>1.0;
  const z = m * m;
  let y: f32 = <f32>7.0376836292e-2;
  y = y * m + <f32>-1.151461031e-1;
  y = y * m + <f32>1.167699874e-1;
  y = y * m + <f32>-1.2420140846e-1;
  y = y * m + <f32>1.4249322787e-1;
  y = y * m + <f32>-1.6668057665e-1;
  y = y * m + <f32>2.0000714765e-1;
  y = y * m + <f32>-2.4999993993e-1;
  y = y * m + <f32>3.3333331174e-1;
  y = y * m * z;
  const fe = <f32>e;
  y += fe * <f32>-2.1219444e-4;
  y -= <f32>0.5 * z;
  return m + y + fe * <f32>0.693359375;
}

export function sigmoid(x: f32): f32 {
  if (x >= <f32>0) return <f32>1.0 / (<f32>1.0 + exp(-x));
  const e = exp(x);
  return e / (<f32>1.0 + e);
}

/** Cephes tanhf: a polynomial near 0, where 1 - 2/(e^2x + 1) would cancel. */
export function tanh(x: f32): f32 {
  const a = abs<f32>(x);
  if (a > <f32>9.0) return x > <f32>0 ? <f32>1.0 : <f32>-1.0;
  if (a < <f32>0.625) {
    const z = x * x;
    let p: f32 = <f32>-5.70498872745e-3;
    p = p * z + <f32>2.06390887954e-2;
    p = p * z + <f32>-5.37397155531e-2;
    p = p * z + <f32>1.33314422036e-1;
    p = p * z + <f32>-3.33332819422e-1;
    return p * z * x + x;
  }
  const r = <f32>1.0 - <f32>2.0 / (exp(a + a) + <f32>1.0);
  return x < <f32>0 ? -r : r;
}
