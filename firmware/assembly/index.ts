// The guest's only exports, in the order of enum ftte_guest_function (firmware/core/guest/guest.h), which says what each promises.
import { setRegion } from "./kernels";
import { checkPlan, planAt as placeOfPlan } from "./model/plan";
import { decode, encode } from "./model/rows";
import { runSelfTest } from "./model/self_test";
import { begin, inferStep, scoreStep, trainStep } from "./model/train";
import { ABI_VERSION, ERR_ARGUMENT, REGION_FROZEN, REGION_SAMPLES } from "./spec.gen";

export function abi(): i32 {
  return <i32>ABI_VERSION;
}
export function planAt(): usize {
  return placeOfPlan();
}
export function bind(region: i32, at: usize, _bytes: i32): i32 {
  if (region < <i32>REGION_FROZEN || region > <i32>REGION_SAMPLES) return ERR_ARGUMENT;
  setRegion(region, at);
  return 0;
}
export function check(planBytes: i32, memoryBytes: i32): i32 {
  return checkPlan(planBytes, memoryBytes);
}
export function start(resume: i32): i32 {
  return begin(resume);
}
export function step(sampleAt: usize, label: i32, learningRate: f32): f32 {
  return trainStep(sampleAt, label, learningRate);
}
export function infer(sampleAt: usize): i32 {
  return inferStep(sampleAt);
}
export function score(sampleAt: usize, observe: i32): f32 {
  return scoreStep(sampleAt, observe);
}
export function encodeRow(row: i32, encoding: i32, residual: i32): i32 {
  return encode(row, encoding, residual);
}
export function decodeRow(row: i32, encoding: i32, deltaAt: i32): i32 {
  return decode(row, encoding, deltaAt);
}
export function selfTest(): i32 {
  return runSelfTest();
}
