// Depthwise convolution layers: x (IH,IW,C), w (KH,KW,C), y (OH,OW,C).
import {
  qdepthwise as q,
  qdepthwiseBackwardInput as qBackwardInput,
  sdepthwise as s,
  sdepthwiseBackwardInput as sBackwardInput,
  sdepthwiseBackwardWeights as sBackwardWeights,
} from "blas";
import { gradientFactor, int, operand } from "./operands";

/** y += x by w */
export function depthwise2d(a: usize): void {
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
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** dx += */
export function depthwise2dBackwardInput(a: usize): void {
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
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** dw += or w -= lr */
export function depthwise2dBackwardWeights(a: usize): void {
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
    gradientFactor(int(a, 14)),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
/** y += x by w8, one scale per channel */
export function qdepthwise2d(a: usize): void {
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
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
    operand(a, 3),
  );
}
/** dx += */
export function qdepthwise2dBackwardInput(a: usize): void {
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
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
    operand(a, 3),
  );
}
