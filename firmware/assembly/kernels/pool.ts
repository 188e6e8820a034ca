// Pooling layers: x (IH,IW,C), y (OH,OW,C).
import { saveragePool, saveragePoolBackward, smaxPool, smaxPoolBackward, smaxPoolWinner } from "blas";
import { given, int, operand } from "./operands";

export function maxPool2d(a: usize): void {
  smaxPool(
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    operand(a, 0),
    operand(a, 1),
  );
  if (given(a, 2))
    smaxPoolWinner(
      int(a, 3),
      int(a, 4),
      int(a, 5),
      int(a, 6),
      int(a, 7),
      int(a, 8),
      int(a, 9),
      int(a, 10),
      int(a, 11),
      operand(a, 0),
      operand(a, 1),
      operand(a, 2),
    );
}
export function maxPool2dBackward(a: usize): void {
  smaxPoolBackward(
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    int(a, 11),
    operand(a, 0),
    operand(a, 1),
    operand(a, 2),
  );
}
export function averagePool2d(a: usize): void {
  saveragePool(
    int(a, 2),
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    operand(a, 0),
    operand(a, 1),
  );
}
export function averagePool2dBackward(a: usize): void {
  saveragePoolBackward(
    int(a, 2),
    int(a, 3),
    int(a, 4),
    int(a, 5),
    int(a, 6),
    int(a, 7),
    int(a, 8),
    int(a, 9),
    int(a, 10),
    operand(a, 0),
    operand(a, 1),
  );
}
