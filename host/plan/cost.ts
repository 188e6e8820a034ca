// What a training step of a plan costs a board, estimated from its multiply-adds. For simulations and for orientation; the truth is
// measured, instruction by instruction, by tests/bench/device.ts.

import { inputChannels } from "./selection.ts";
import { type ModelShape, shapeModel } from "./shapes.ts";
import type { Plan } from "./types.ts";

/** Multiply-adds of one step, by what they work on. */
export interface StepMacs {
  forwardTrained: number; // weights in RAM, f32
  forwardFrozen: number; // weights in flash, int8
  inputTrained: number; // gradients of layers' inputs through trained weights
  inputFrozen: number; // and through frozen ones
  weights: number; // gradients of weights
}

const none: StepMacs = { forwardTrained: 0, forwardFrozen: 0, inputTrained: 0, inputFrozen: 0, weights: 0 };

export function stepMacs(plan: Plan): StepMacs {
  const shape = shapeModel(plan.model);
  const deepest = Math.min(...plan.selection.map(({ layer }) => layer), shape.layers.length);
  return shape.layers.reduce((sum, _layer, index) => add(sum, layerMacs(plan, shape, index, deepest)), none);
}

function layerMacs(plan: Plan, shape: ModelShape, index: number, deepest: number): StepMacs {
  const layer = shape.layers[index]!;
  const weights = layer.parameters.find((p) => p.role === "weights");
  if (!weights) return none;
  const macs = layer.kind === "dense" ? weights.count : weights.count * layer.output.h * layer.output.w;
  const chosen = plan.selection.find((s) => s.layer === index)?.weights ?? "none";
  const share = chosen === "all" ? 1 : chosen === "none" ? 0 : chosen.length / inputChannels(shape, layer);
  const back = index > deepest ? macs : 0;
  return {
    forwardTrained: macs * share,
    forwardFrozen: macs * (1 - share),
    inputTrained: back * share,
    inputFrozen: back * (1 - share),
    weights: macs * share,
  };
}

const add = (a: StepMacs, b: StepMacs): StepMacs => ({
  forwardTrained: a.forwardTrained + b.forwardTrained,
  forwardFrozen: a.forwardFrozen + b.forwardFrozen,
  inputTrained: a.inputTrained + b.inputTrained,
  inputFrozen: a.inputFrozen + b.inputFrozen,
  weights: a.weights + b.weights,
});

/** Instructions of a Cortex-M4F for a multiply-add of each kind, and for a step whatever it does: fitted to what the device benchmark counted. */
const instructions: StepMacs & { step: number } = {
  step: 14_700,
  forwardTrained: 2.2,
  forwardFrozen: 4.3,
  inputTrained: 5.6,
  inputFrozen: 4.8,
  weights: 2.2,
};

/** Of the step's instructions, on average, as the device benchmark estimates them. */
const cyclesPerInstruction = 1.25;

/**
 * Instructions of a training step on a Cortex-M4F with kernels under wasm3; within a quarter of what was counted for the reference models
 * (tests/host/plan/cost.test.ts).
 */
export function stepInstructions(plan: Plan): number {
  const macs = stepMacs(plan);
  const kinds = Object.keys(none) as (keyof StepMacs)[];
  return kinds.reduce((sum, kind) => sum + macs[kind] * instructions[kind], instructions.step);
}

/** Training steps a second on a Cortex-M4F at so many hertz; an nRF52's by default. */
export function stepsPerSecond(plan: Plan, hertz = 64e6): number {
  return hertz / (stepInstructions(plan) * cyclesPerInstruction);
}
