// Layers that work element by element, and the tensor moves around them.
import {
  saddRows,
  saxpy,
  scolumns,
  scolumnsProduct,
  scopy,
  scopyRows,
  sfill,
  smaskBackward,
  srelu,
  srelu6,
  sreluBackward,
  sreluMask,
  srows,
  sscaleBias,
  sscaleColumns,
  ssigmoid,
  ssigmoidBackward,
  stanh,
  stanhBackward,
} from "blas";
import { ACTIVATION_RELU, ACTIVATION_RELU6, ACTIVATION_SIGMOID } from "../spec.gen";
import { float, gradientFactor, int, operand } from "./operands";

export function rows(a: usize): void {
  srows(int(a, 2), int(a, 3), operand(a, 0), operand(a, 1));
}
export function fill(a: usize): void {
  sfill(int(a, 1), float(a, 2), operand(a, 0));
}
export function copy(a: usize): void {
  scopy(int(a, 2), operand(a, 0), operand(a, 1));
}
export function add(a: usize): void {
  saxpy(int(a, 2), 1, operand(a, 0), operand(a, 1));
}

/** The channels' first row starts inside the tensor, so all rows but the last are whole; the last goes alone. */
export function copyChannels(a: usize): void {
  const p = int(a, 2) - 1;
  scopyRows(p, int(a, 5), int(a, 3), int(a, 4), operand(a, 0), operand(a, 1));
  scopy(int(a, 5), lastRow(a, 0, 3), lastRow(a, 1, 4));
}
export function addChannels(a: usize): void {
  const p = int(a, 2) - 1;
  saddRows(p, int(a, 5), int(a, 3), int(a, 4), operand(a, 0), operand(a, 1));
  saxpy(int(a, 5), 1, lastRow(a, 0, 3), lastRow(a, 1, 4));
}
function lastRow(a: usize, tensor: i32, stride: i32): usize {
  return operand(a, tensor) + ((<usize>((int(a, 2) - 1) * int(a, stride))) << 2);
}

export function biasBackward(a: usize): void {
  scolumns(int(a, 2), int(a, 3), gradientFactor(int(a, 4)), operand(a, 0), operand(a, 1));
}
export function scaleBias(a: usize): void {
  sscaleBias(int(a, 4), int(a, 5), operand(a, 0), operand(a, 1), operand(a, 2), operand(a, 3));
}
export function scaleBackwardInput(a: usize): void {
  sscaleColumns(int(a, 3), int(a, 4), operand(a, 0), operand(a, 1), operand(a, 2));
}
export function scaleBackwardScale(a: usize): void {
  scolumnsProduct(int(a, 3), int(a, 4), gradientFactor(int(a, 5)), operand(a, 0), operand(a, 1), operand(a, 2));
}

export function activation(a: usize): void {
  const kind = <u32>int(a, 0);
  const n = int(a, 2);
  const y = operand(a, 1);
  if (kind == ACTIVATION_RELU) srelu(n, y);
  else if (kind == ACTIVATION_RELU6) srelu6(n, y);
  else if (kind == ACTIVATION_SIGMOID) ssigmoid(n, y);
  else stanh(n, y);
}
export function activationMask(a: usize): void {
  sreluMask(int(a, 3), <u32>int(a, 0) == ACTIVATION_RELU6 ? <f32>6 : Infinity, operand(a, 1), operand(a, 2));
}
export function activationBackward(a: usize): void {
  const kind = <u32>int(a, 0);
  const n = int(a, 3);
  const y = operand(a, 1);
  const dy = operand(a, 2);
  if (kind == ACTIVATION_RELU) sreluBackward(n, Infinity, y, dy);
  else if (kind == ACTIVATION_RELU6) sreluBackward(n, 6, y, dy);
  else if (kind == ACTIVATION_SIGMOID) ssigmoidBackward(n, y, dy);
  else stanhBackward(n, y, dy);
}
export function activationBackwardMask(a: usize): void {
  smaskBackward(int(a, 2), operand(a, 0), operand(a, 1));
}
