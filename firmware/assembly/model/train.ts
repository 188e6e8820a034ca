// Running a plan: inference, training steps, anomaly scores.
import { isamax, scopy, sfill } from "blas";
import { resolve, run } from "../kernels";
import {
  ANOMALY_DEVIATIONS,
  ANOMALY_SCORES,
  ERR_PLAN,
  MODEL_KIND_CLASSIFIER,
  NONE,
  PLAN_HEADER_ANOMALY_AT_AT,
  PLAN_HEADER_APPLY_AT_AT,
  PLAN_HEADER_FORWARD_AT_AT,
  PLAN_HEADER_INFER_AT_AT,
  PLAN_HEADER_MICRO_BATCH_AT,
  PLAN_HEADER_MODEL_KIND_AT,
  PLAN_HEADER_OUTPUT_AT_AT,
  PLAN_HEADER_OUTPUT_ELEMENTS_AT,
  PLAN_HEADER_SAMPLE_TYPE_AT,
  PLAN_HEADER_SLICE_COUNT_AT,
  PLAN_HEADER_STATE_AT_AT,
  PLAN_HEADER_STATE_BYTES_AT,
  PLAN_HEADER_TRAIN_AT_AT,
  REGION_SLICE,
} from "../spec.gen";
import { field, place, planAt } from "./plan";

let open: u32 = 0; // samples of the running micro-batch

/** Runs the op list whose header fields begin at `list`; returns the sum of its losses. */
function runList(list: usize, sampleAt: usize, label: i32, learningRate: f32): f32 {
  const type = <i32>load<u8>(planAt() + PLAN_HEADER_SAMPLE_TYPE_AT);
  return run(planAt(), place(list), <i32>field(list + 4), sampleAt, type, label, learningRate);
}

/** Prepares the state for training: the slice's values (resume 0), or what the host has restored in place (1). */
export function begin(resume: i32): i32 {
  open = 0;
  if (resume) return 0;
  const bytes = field(PLAN_HEADER_STATE_BYTES_AT);
  const at = place(PLAN_HEADER_STATE_AT_AT);
  const count = field(PLAN_HEADER_SLICE_COUNT_AT);
  if (count << 2 > bytes) return ERR_PLAN;
  copyLong(<i32>count, resolve(REGION_SLICE << 28), at);
  fillLong(<i32>((bytes >> 2) - count), at + ((<usize>count) << 2));
  return 0;
}

/** BLAS dimensions end at 2^15 - 1; a state may be longer. */
function copyLong(n: i32, x: usize, y: usize): void {
  for (; n > 16384; n -= 16384, x += 65536, y += 65536) scopy(16384, x, y);
  scopy(n, x, y);
}
function fillLong(n: i32, y: usize): void {
  for (; n > 16384; n -= 16384, y += 65536) sfill(16384, 0, y);
  sfill(n, 0, y);
}

/** One sample forward, backward and, at the end of a micro-batch, into the weights. Returns its loss. */
export function trainStep(sampleAt: usize, label: i32, learningRate: f32): f32 {
  runList(PLAN_HEADER_FORWARD_AT_AT, sampleAt, label, learningRate);
  const loss = runList(PLAN_HEADER_TRAIN_AT_AT, sampleAt, label, learningRate);
  if (++open >= field(PLAN_HEADER_MICRO_BATCH_AT)) {
    runList(PLAN_HEADER_APPLY_AT_AT, sampleAt, label, learningRate);
    open = 0;
  }
  return loss;
}

/** Forward only; the output stays in the arena. Returns the class of the largest output, 0 unless the model is a classifier. */
export function inferStep(sampleAt: usize): i32 {
  runList(PLAN_HEADER_FORWARD_AT_AT, sampleAt, 0, 0);
  runList(PLAN_HEADER_INFER_AT_AT, sampleAt, 0, 0);
  if (load<u8>(planAt() + PLAN_HEADER_MODEL_KIND_AT) != <u8>MODEL_KIND_CLASSIFIER) return 0;
  return isamax(field(PLAN_HEADER_OUTPUT_ELEMENTS_AT), place(PLAN_HEADER_OUTPUT_AT_AT));
}

/**
 * Reconstruction error of a sample. With `observe` it joins the running statistics at plan.anomalyAt: count, mean, variance (Welford 1962,
 * with the count held at 1000 so that old samples fade). After the first ANOMALY_SCORES scores one above mean + ANOMALY_DEVIATIONS standard
 * deviations joins as if it were that: a few unusual samples change little, and what goes on becomes usual.
 */
export function scoreStep(sampleAt: usize, observe: i32): f32 {
  runList(PLAN_HEADER_FORWARD_AT_AT, sampleAt, 0, 0);
  const score = runList(PLAN_HEADER_INFER_AT_AT, sampleAt, 0, 0);
  if (observe && field(PLAN_HEADER_ANOMALY_AT_AT) != NONE) join(place(PLAN_HEADER_ANOMALY_AT_AT), score);
  return score;
}

function join(at: usize, score: f32): void {
  if (load<f32>(at) >= <f32>ANOMALY_SCORES) {
    const most = load<f32>(at, 4) + <f32>ANOMALY_DEVIATIONS * sqrt<f32>(load<f32>(at, 8));
    if (!(score <= most)) score = most; // also when it is no number
  } else if (!(abs<f32>(score) < f32.MAX_VALUE)) return;
  const count = min<f32>(load<f32>(at) + <f32>1.0, 1000);
  const d = score - load<f32>(at, 4);
  const mean = load<f32>(at, 4) + d / count;
  const variance = load<f32>(at, 8) + (d * (score - mean) - load<f32>(at, 8)) / count;
  store<f32>(at, count);
  store<f32>(at, mean, 4);
  store<f32>(at, variance, 8);
}
