// Dense layers. x (I), w (O,I), y (O). Forward adds to y, so a bias or another part of the weights may be there already.
import { qgemv, qgemvT, scolumns, sgemv, sgemvT, sger, srows } from "blas";
import { given, gradientFactor, int, operand } from "./operands";

/** y := b where it is given; y += w x */
export function dense(a: usize): void {
  bias(a, 2, 3, 5);
  sgemv(int(a, 5), int(a, 4), operand(a, 1), operand(a, 0), operand(a, 3));
}
function bias(a: usize, b: i32, y: i32, o: i32): void {
  if (given(a, b)) srows(1, int(a, o), operand(a, b), operand(a, y));
}
/** dx += w' dy */
export function denseBackwardInput(a: usize): void {
  sgemvT(int(a, 4), int(a, 3), operand(a, 1), operand(a, 0), operand(a, 2));
}
/** dw += dy x', or w -= lr dy x'; db likewise where it is given */
export function denseBackwardWeights(a: usize): void {
  const factor = gradientFactor(int(a, 6));
  if (given(a, 3)) scolumns(1, int(a, 5), factor, operand(a, 0), operand(a, 3));
  sger(int(a, 5), int(a, 4), factor, operand(a, 0), operand(a, 1), operand(a, 2));
}
/** y := b where it is given; y += s . (w8 x) */
export function qdense(a: usize): void {
  bias(a, 3, 4, 6);
  qgemv(int(a, 6), int(a, 5), operand(a, 1), operand(a, 2), operand(a, 0), operand(a, 4));
}
/** dx += w8' (s . dy) */
export function qdenseBackwardInput(a: usize): void {
  qgemvT(int(a, 5), int(a, 4), operand(a, 1), operand(a, 2), operand(a, 0), operand(a, 3));
}
