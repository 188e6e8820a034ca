// Dense layers. x (I), w (O,I), y (O). Forward adds to y, so a bias or another part of the weights may be there already.
import { qgemv, qgemvT, sgemv, sgemvT, sger } from "blas";
import { gradientFactor, int, operand } from "./operands";

/** y += w x */
export function dense(a: usize): void {
  sgemv(int(a, 4), int(a, 3), operand(a, 1), operand(a, 0), operand(a, 2));
}
/** dx += w' dy */
export function denseBackwardInput(a: usize): void {
  sgemvT(int(a, 4), int(a, 3), operand(a, 1), operand(a, 0), operand(a, 2));
}
/** dw += dy x', or w -= lr dy x' */
export function denseBackwardWeights(a: usize): void {
  sger(int(a, 4), int(a, 3), gradientFactor(int(a, 5)), operand(a, 0), operand(a, 1), operand(a, 2));
}
/** y += s . (w8 x) */
export function qdense(a: usize): void {
  qgemv(int(a, 5), int(a, 4), operand(a, 1), operand(a, 2), operand(a, 0), operand(a, 3));
}
/** dx += w8' (s . dy) */
export function qdenseBackwardInput(a: usize): void {
  qgemvT(int(a, 5), int(a, 4), operand(a, 1), operand(a, 2), operand(a, 0), operand(a, 3));
}
