// What a network ends with. Each returns its loss.
import { scrossEntropy, sdiff, ssoftmax, ssqdiff } from "blas";
import { given, int, operand } from "./operands";

export function softmax(a: usize): void {
  ssoftmax(int(a, 2), operand(a, 0), operand(a, 1));
}
/** dz = softmax(z) - onehot(label) */
export function softmaxCrossEntropy(a: usize, label: i32): f32 {
  return scrossEntropy(int(a, 2), label, operand(a, 0), operand(a, 1));
}
/** loss = mean (y-t)², dy = 2 (y-t) / n */
export function meanSquaredError(a: usize): f32 {
  const n = int(a, 3);
  const share: f32 = <f32>1.0 / <f32>n;
  const loss = ssqdiff(n, operand(a, 0), operand(a, 1)) * share;
  if (given(a, 2)) sdiff(n, <f32>2.0 * share, operand(a, 0), operand(a, 1), operand(a, 2));
  return loss;
}
