// Convolution layers: x (IH,IW,IC), w (OC,KH,KW,IC), y (OH,OW,OC). A 1-D convolution is one of height 1.
import {
  qconv2d as q,
  qconv2dBackwardInput as qBackwardInput,
  sconv2d as s,
  sconv2dBackwardInput as sBackwardInput,
  sconv2dBackwardWeights as sBackwardWeights,
} from "blas";
import { gradientFactor, int, operand } from "./operands";

/** y += conv(x, w) */
export function conv2d(a: usize): void {
  s(
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    int(a, 12),
    int(a, 13),
    int(a, 14),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** dx += */
export function conv2dBackwardInput(a: usize): void {
  sBackwardInput(
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    int(a, 12),
    int(a, 13),
    int(a, 14),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** dw += or w -= lr */
export function conv2dBackwardWeights(a: usize): void {
  sBackwardWeights(
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    int(a, 12),
    int(a, 13),
    int(a, 14),
    gradientFactor(int(a, 15)),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** y += conv(x, w8), one scale per output channel */
export function qconv2d(a: usize): void {
  q(
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    int(a, 12),
    int(a, 13),
    int(a, 14),
    int(a, 15),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
    operand(a, 3),
  );
}
/** dx += */
export function qconv2dBackwardInput(a: usize): void {
  qBackwardInput(
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    int(a, 12),
    int(a, 13),
    int(a, 14),
    int(a, 15),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
    operand(a, 3),
  );
}
