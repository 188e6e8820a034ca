// A short test that needs no plan: known products, a softmax, a gradient. Kernels that fail it are not put to use.
import { sconv2d, sfill, sgemv, ssoftmax, tick } from "blas";
import { ERR_GUEST_SELFTEST } from "../spec.gen";

const a = memory.data(12 * 4, 4);
const x = memory.data(4 * 4, 4);
const y = memory.data(4 * 4, 4);

export function runSelfTest(): i32 {
  for (let i = 0; i < 12; i++, tick()) store<f32>(a + ((<usize>i) << 2), <f32>(i + 1));
  for (let i = 0; i < 4; i++, tick()) store<f32>(x + ((<usize>i) << 2), <f32>-i + <f32>1);
  sfill(4, <f32>0.5, y);
  sgemv(3, 4, a, x, y); // rows (1 2 3 4), (5 6 7 8), (9 10 11 12) times (1 0 -1 -2), plus 0.5
  if (load<f32>(y) != <f32>-9.5 || load<f32>(y, 4) != <f32>-17.5 || load<f32>(y, 8) != <f32>-25.5)
    return ERR_GUEST_SELFTEST;
  sfill(4, 0, y);
  sconv2d(1, 4, 1, 1, 3, 1, 1, 2, 1, 1, 0, 0, x, a, y); // (1 0 -1 -2) with (1 2): 1, -2, -5
  if (load<f32>(y) != <f32>1 || load<f32>(y, 4) != <f32>-2 || load<f32>(y, 8) != <f32>-5) return ERR_GUEST_SELFTEST;
  ssoftmax(3, y, y);
  const sum = load<f32>(y) + load<f32>(y, 4) + load<f32>(y, 8);
  if (abs<f32>(sum - <f32>1) > <f32>1e-6 || abs<f32>(load<f32>(y) - <f32>0.9503301) > <f32>1e-5)
    return ERR_GUEST_SELFTEST;
  return 0;
}
