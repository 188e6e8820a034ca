// Stochastic gradient descent with optional momentum, weight decay and clipping by the tensor's norm.
import { saxpy, sdot, sfill, sscal } from "blas";
import { float, given, int, learningRate, operand } from "./operands";

/** Arguments w g v n momentum weightDecay clipNorm scale; see "update" in firmware/spec/plan.json. */
export function update(a: usize): void {
  const w = operand(a, 0);
  const g = operand(a, 1);
  const n = int(a, 3);
  const clip = clipped(n, g, float(a, 7), float(a, 6));
  if (clip != <f32>1) sscal(n, clip, g);
  if (float(a, 5) != <f32>0) saxpy(n, float(a, 5), w, g);
  if (given(a, 2)) {
    const v = operand(a, 2);
    sscal(n, float(a, 4), v);
    saxpy(n, 1, g, v);
    saxpy(n, -learningRate(), v, w);
  } else saxpy(n, -learningRate(), g, w);
  sfill(n, 0, g);
}

/** The factor that scales g and then brings its norm down to `limit` (0: no limit). */
function clipped(n: i32, g: usize, scale: f32, limit: f32): f32 {
  if (limit <= <f32>0) return scale;
  const norm = sqrt<f32>(sdot(n, g, g)) * scale;
  return norm > limit ? (scale * limit) / norm : scale;
}
