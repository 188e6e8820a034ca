// Runs one op: finds its layer function by opcode, in two steps, so that each function stays small: where the board interprets the
// layers, its engine translates a function when it is first called, and what is never called costs no RAM.

import {
  OP_ACTIVATION,
  OP_ACTIVATION_BACKWARD,
  OP_ACTIVATION_MASK,
  OP_ADD,
  OP_AVERAGE_POOL2D,
  OP_BIAS_BACKWARD,
  OP_CONV2D,
  OP_CONV2D_BACKWARD_INPUT,
  OP_CONV2D_BACKWARD_WEIGHTS,
  OP_COPY,
  OP_COPY_CHANNELS,
  OP_DENSE,
  OP_DENSE_BACKWARD_INPUT,
  OP_DENSE_BACKWARD_WEIGHTS,
  OP_DEPTHWISE2D,
  OP_DEPTHWISE2D_BACKWARD_INPUT,
  OP_DEPTHWISE2D_BACKWARD_WEIGHTS,
  OP_FILL,
  OP_INPUT,
  OP_MAX_POOL2D,
  OP_MAX_POOL2D_BACKWARD,
  OP_MEAN_SQUARED_ERROR,
  OP_QCONV2D,
  OP_QDENSE,
  OP_QDEPTHWISE2D,
  OP_ROWS,
  OP_SCALE_BACKWARD_INPUT,
  OP_SCALE_BIAS,
  OP_SOFTMAX,
  OP_SOFTMAX_CROSS_ENTROPY,
} from "../spec.gen";
import { conv2d, conv2dBackwardInput, conv2dBackwardWeights, qconv2d, qconv2dBackwardInput } from "./conv";
import { dense, denseBackwardInput, denseBackwardWeights, qdense, qdenseBackwardInput } from "./dense";
import {
  depthwise2d,
  depthwise2dBackwardInput,
  depthwise2dBackwardWeights,
  qdepthwise2d,
  qdepthwise2dBackwardInput,
} from "./depthwise";
import {
  activation,
  activationBackward,
  activationBackwardMask,
  activationMask,
  add,
  addChannels,
  biasBackward,
  copy,
  copyChannels,
  fill,
  rows,
  scaleBackwardInput,
  scaleBackwardScale,
  scaleBias,
} from "./elementwise";
import { meanSquaredError, softmax, softmaxCrossEntropy } from "./losses";
import { averagePool2d, averagePool2dBackward, maxPool2d, maxPool2dBackward } from "./pool";
import { input, label } from "./sample";
import { update } from "./sgd";

/** Runs the op whose arguments lie at `a`; returns its loss, or 0. */
export function runOp(op: u32, a: usize): f32 {
  if (op < OP_DENSE) {
    if (op == OP_INPUT) input(a);
    else tensors(op, a);
  } else if (op < OP_CONV2D) denseOps(op, a);
  else if (op < OP_DEPTHWISE2D) convOps(op, a);
  else if (op < OP_BIAS_BACKWARD) depthwiseOps(op, a);
  else if (op < OP_ACTIVATION) channelOps(op, a);
  else if (op < OP_MAX_POOL2D) activationOps(op, a);
  else if (op < OP_SOFTMAX) poolOps(op, a);
  else return endOps(op, a);
  return 0;
}

function endOps(op: u32, a: usize): f32 {
  if (op == OP_SOFTMAX_CROSS_ENTROPY) return softmaxCrossEntropy(a, label());
  if (op == OP_MEAN_SQUARED_ERROR) return meanSquaredError(a);
  if (op == OP_SOFTMAX) softmax(a);
  else update(a);
  return 0;
}

function tensors(op: u32, a: usize): void {
  if (op == OP_ROWS) rows(a);
  else if (op == OP_FILL) fill(a);
  else if (op == OP_COPY) copy(a);
  else if (op == OP_ADD) add(a);
  else if (op == OP_COPY_CHANNELS) copyChannels(a);
  else addChannels(a);
}
function denseOps(op: u32, a: usize): void {
  if (op == OP_DENSE) dense(a);
  else if (op == OP_DENSE_BACKWARD_INPUT) denseBackwardInput(a);
  else if (op == OP_DENSE_BACKWARD_WEIGHTS) denseBackwardWeights(a);
  else if (op == OP_QDENSE) qdense(a);
  else qdenseBackwardInput(a);
}
function convOps(op: u32, a: usize): void {
  if (op == OP_CONV2D) conv2d(a);
  else if (op == OP_CONV2D_BACKWARD_INPUT) conv2dBackwardInput(a);
  else if (op == OP_CONV2D_BACKWARD_WEIGHTS) conv2dBackwardWeights(a);
  else if (op == OP_QCONV2D) qconv2d(a);
  else qconv2dBackwardInput(a);
}
function depthwiseOps(op: u32, a: usize): void {
  if (op == OP_DEPTHWISE2D) depthwise2d(a);
  else if (op == OP_DEPTHWISE2D_BACKWARD_INPUT) depthwise2dBackwardInput(a);
  else if (op == OP_DEPTHWISE2D_BACKWARD_WEIGHTS) depthwise2dBackwardWeights(a);
  else if (op == OP_QDEPTHWISE2D) qdepthwise2d(a);
  else qdepthwise2dBackwardInput(a);
}
function channelOps(op: u32, a: usize): void {
  if (op == OP_BIAS_BACKWARD) biasBackward(a);
  else if (op == OP_SCALE_BIAS) scaleBias(a);
  else if (op == OP_SCALE_BACKWARD_INPUT) scaleBackwardInput(a);
  else scaleBackwardScale(a);
}
function activationOps(op: u32, a: usize): void {
  if (op == OP_ACTIVATION) activation(a);
  else if (op == OP_ACTIVATION_MASK) activationMask(a);
  else if (op == OP_ACTIVATION_BACKWARD) activationBackward(a);
  else activationBackwardMask(a);
}
function poolOps(op: u32, a: usize): void {
  if (op == OP_MAX_POOL2D) maxPool2d(a);
  else if (op == OP_MAX_POOL2D_BACKWARD) maxPool2dBackward(a);
  else if (op == OP_AVERAGE_POOL2D) averagePool2d(a);
  else averagePool2dBackward(a);
}
