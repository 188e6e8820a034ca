// The planner's front door: from a model, a selection and training options to the binary plan and everything known about it.

import { crc32 } from "node:zlib";
import { FtteError } from "../errors.ts";
import {
  abiVersion,
  encodePlanHeader,
  encodeSegment,
  ModelKind,
  none,
  ops,
  PlanHeaderBytes,
  planMagic,
  SampleType,
  SegmentBytes,
} from "../wire/spec.gen.ts";
import { Backward, isFused } from "./backward.ts";
import { type Bound, bindParameters } from "./bind.ts";
import { Forward } from "./forward.ts";
import { at, canEncode, Graph, type ListName, type Op, roundUp, type Tensor, wordOf } from "./graph.ts";
import { type Packing, pack } from "./pack.ts";
import { deepestTrained, inputChannels, type NamedSelection, namedSelection, normaliseSelection } from "./selection.ts";
import { type ModelShape, shapeModel, size } from "./shapes.ts";
import { type Stripes, stripings } from "./stripes.ts";
import type { LayerSelection, Model, Plan, Selection, TrainingOptions } from "./types.ts";

export interface PlanOptions {
  selection: Selection | NamedSelection;
  training?: TrainingOptions;
  /** How frozen weights are held: int8 on boards, f32 for exact evaluation on the host. */
  frozenForm?: "int8" | "f32";
  /** Refuse a plan whose arena is larger. */
  budgetBytes?: number;
  /**
   * Compute the first layers some rows at a time (stripes.ts): so many, or as many as make the arena smallest. By default only when the
   * budget asks for it, and then in as few passes as fit.
   */
  stripes?: Stripes | "smallest";
}

interface Lowered {
  graph: Graph;
  bound: Bound;
  plan: Tensor;
  state: Tensor;
  slice: Tensor;
  scratch: Tensor;
  output: Tensor;
  stateBytes: number;
  anomaly: number; // byte offset in the state, -1 for none
}

/**
 * @throws FtteError "model-invalid"; "plan-too-large" when the arena exceeds the budget, naming the largest tensor, the bytes over and
 * what would fit
 */
export function planModel(model: Model, options: PlanOptions): Plan {
  const plan = closestPlan(model, options);
  if (options.budgetBytes !== undefined && plan.memoryBytes > options.budgetBytes) refuse(plan, options.budgetBytes);
  return plan;
}

/** The same, but where nothing fits the budget the smallest plan. @throws FtteError "model-invalid" */
export function closestPlan(model: Model, options: PlanOptions): Plan {
  const shape = shapeModel(model);
  const selection =
    typeof options.selection === "string" ? namedSelection(shape, options.selection) : options.selection;
  const chosen = normaliseSelection(shape, selection);
  const best = choose(shape, chosen, options);
  return finish(shape, [...chosen.values()], best, options.training?.microBatch ?? 1);
}

/** As the options ask for stripes; the smallest where nothing fits the budget. */
function choose(shape: ModelShape, chosen: Map<number, LayerSelection>, options: PlanOptions): Placed {
  const { stripes, budgetBytes = Number.POSITIVE_INFINITY } = options;
  if (typeof stripes === "object") return placed(shape, chosen, options, stripes);
  const isEnough = ({ packing }: Placed) => stripes === undefined && packing.end <= budgetBytes;
  let best = placed(shape, chosen, options, undefined);
  if (isEnough(best)) return best;
  for (const striping of stripings(shape, chosen)) {
    const next = placed(shape, chosen, options, striping);
    if (next.packing.end < best.packing.end && isInReach(next)) best = next;
    if (isEnough(best)) break;
  }
  return best;
}

interface Placed {
  lowered: Lowered;
  packing: Packing;
}

/** Lowered, with every tensor at its place. */
function placed(
  shape: ModelShape,
  chosen: Map<number, LayerSelection>,
  { training = {}, frozenForm = "int8" }: PlanOptions,
  stripes: Stripes | undefined,
): Placed {
  const lowered = lower(shape, chosen, training, frozenForm, stripes);
  return { lowered, packing: place(lowered) };
}

/** True when the operands that move can be encoded. */
function isInReach({ lowered }: Placed): boolean {
  const args = Object.values(lowered.graph.lists).flatMap((list) => list.flatMap((op) => op.args));
  return args.every((arg) => typeof arg === "number" || canEncode(arg));
}

function refuse(plan: Plan, budget: number): never {
  const largest = plan.tensors.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  throw new FtteError(
    "plan-too-large",
    `model ${plan.model.name} needs an arena of ${plan.memoryBytes} bytes, ${plan.memoryBytes - budget} over the budget of ${budget}; ` +
      `its largest tensor is ${largest.name} (${largest.bytes} bytes). Train less of it: "ftte plan --budget ${budget}" shows what fits`,
  );
}

function lower(
  shape: ModelShape,
  chosen: Map<number, LayerSelection>,
  training: TrainingOptions,
  form: "int8" | "f32",
  stripes: Stripes | undefined,
): Lowered {
  const graph = new Graph();
  const plan = graph.tensor("plan", 0, "plan");
  const slice = graph.tensor("slice", 0, "parameter");
  const bound = bindParameters(shape, chosen, slice, form);
  slice.bytes = bound.sliceCount * 4;
  const own = (name: string, role: Tensor["role"], wanted: boolean) =>
    wanted ? graph.tensor(name, bound.sliceCount * 4, role) : undefined;
  const momentum = own("momentum", "momentum", !!training.momentum);
  const anomaly = shape.model.kind === "autoencoder" ? graph.tensor("anomaly", 12, "anomaly") : undefined;
  const gradients = own("gradients", "gradient", (training.microBatch ?? 1) > 1 && !isFused(training));
  const state = [slice, momentum, anomaly, gradients].filter((t) => t !== undefined);
  const deepest = deepestTrained(shape, chosen);
  const forward = new Forward(graph, shape, bound, deepest, stripes);
  const output = forward.run();
  finishInfer(graph, shape, forward, output);
  const optimiser = { ...(momentum && { momentum }), ...(gradients && { gradients }) };
  const backward = new Backward(graph, shape, bound, deepest, training, optimiser);
  if (chosen.size) lowerTraining(graph, shape, forward, output, backward);
  const scratch = graph.tensor("scratch", scratchBytes(bound), "scratch");
  graph.tick();
  if (scratch.bytes) graph.use(scratch);
  for (const tensor of [plan, ...state]) graph.keep(tensor);
  const stateBytes = state.reduce((sum, t) => sum + t.bytes, 0);
  const before = (t: Tensor) => state.slice(0, state.indexOf(t)).reduce((sum, s) => sum + s.bytes, 0);
  return {
    graph,
    bound,
    plan,
    state: slice,
    slice,
    scratch,
    output,
    stateBytes,
    anomaly: anomaly ? before(anomaly) : -1,
  };
}

/** A classifier's output becomes probabilities; an autoencoder's list ends with its reconstruction error. */
function finishInfer(graph: Graph, shape: ModelShape, forward: Forward, y: Tensor): void {
  graph.enter("infer");
  const n = size(shape.layers.at(-1)!.output);
  if (shape.model.kind === "classifier") graph.emit("softmax", at(y), at(y), n);
  else graph.emit("meanSquaredError", at(y), at(forward.input), "none", n);
}

function lowerTraining(graph: Graph, shape: ModelShape, forward: Forward, y: Tensor, backward: Backward): void {
  graph.enter("train");
  const n = size(shape.layers.at(-1)!.output);
  // The loss's gradient may take the output's own place, unless an activation (perhaps before a flatten) still needs the output.
  const maker = shape.layers.findLast((l) => l.kind !== "flatten");
  const dy = maker?.activation ? graph.tensor("loss.gradient", n * 4, "gradient") : y;
  if (shape.model.kind === "classifier") graph.emit("softmaxCrossEntropy", at(y), at(dy), n);
  else graph.emit("meanSquaredError", at(y), at(forward.input), at(dy), n);
  backward.run(forward.traces, dy);
  graph.enter("apply");
  backward.applyAll();
}

/** Encoding a row: scale, int8 elements padded to 4, residual. Top-k takes no more (keptMax), decoding less. */
function scratchBytes(bound: Bound): number {
  return Math.max(0, ...bound.segments.map((s) => 4 + roundUp(s.rowElements) + 4 * s.rowElements));
}

const listNames: ListName[] = ["forward", "infer", "train", "apply"];
const opWords = (list: Op[]) => list.reduce((sum, op) => sum + 1 + op.args.length, 0);

/** The plan lies first, the state block behind it in one piece, the rest where it fits. */
function place(lowered: Lowered): Packing {
  const { graph, bound, plan } = lowered;
  plan.bytes =
    PlanHeaderBytes +
    bound.segments.length * SegmentBytes +
    4 * listNames.reduce((sum, name) => sum + opWords(graph.lists[name]), 0);
  let base = 0;
  const whole = graph.tensors.filter(
    (t) => ["plan", "parameter", "momentum", "anomaly"].includes(t.role) || t.name === "gradients",
  );
  for (const tensor of whole) {
    tensor.offset = base;
    base += tensor.bytes;
  }
  return pack(
    graph.tensors.filter((t) => !whole.includes(t) && t.to >= 0),
    base,
  );
}

function encodeOps(list: Op[]): Uint32Array {
  return Uint32Array.from(list.flatMap((op) => [ops[op.name].code | (op.args.length << 16), ...op.args.map(wordOf)]));
}

function encode(shape: ModelShape, lowered: Lowered, memoryBytes: number, microBatch: number): Uint8Array {
  const { graph, bound, plan, slice, scratch, output, stateBytes, anomaly } = lowered;
  const out = new Uint8Array(plan.bytes);
  let used = PlanHeaderBytes;
  const put = (bytes: Uint8Array) => {
    out.set(bytes, used);
    used += bytes.length;
    return used - bytes.length;
  };
  const segmentsAt = used;
  for (const segment of bound.segments) put(encodeSegment(segment));
  const [forwardAt, inferAt, trainAt, applyAt] = listNames.map((name) =>
    put(new Uint8Array(encodeOps(graph.lists[name]).buffer)),
  ) as [number, number, number, number];
  const { model } = shape;
  out.set(
    encodePlanHeader({
      magic: planMagic,
      abi: abiVersion,
      modelKind: ModelKind[model.kind],
      sampleType: SampleType[model.input.type],
      planBytes: plan.bytes,
      memoryBytes,
      frozenBytes: bound.frozen.bytes,
      frozenCrc: 0, // the weights may be refreshed; a task names the image that it needs
      stateAt: slice.offset,
      stateBytes,
      sliceCount: bound.sliceCount,
      anomalyAt: anomaly < 0 ? none : slice.offset + anomaly,
      scratchAt: Math.max(0, scratch.offset),
      scratchBytes: scratch.bytes,
      inputElements: size(shape.input),
      outputAt: output.offset,
      outputElements: size(shape.layers.at(-1)!.output),
      microBatch,
      segmentsAt,
      segments: bound.segments.length,
      forwardAt,
      forwardOps: graph.lists.forward.length,
      inferAt,
      inferOps: graph.lists.infer.length,
      trainAt,
      trainOps: graph.lists.train.length,
      applyAt,
      applyOps: graph.lists.apply.length,
      modelHash: crc32(JSON.stringify(model)),
    }),
  );
  return out;
}

function finish(shape: ModelShape, selection: Selection, { lowered, packing }: Placed, microBatch: number): Plan {
  const { graph, bound } = lowered;
  const memoryBytes = packing.end;
  const binary = encode(shape, lowered, memoryBytes, microBatch);
  return {
    model: shape.model,
    selection,
    binary,
    planCrc: crc32(binary),
    memoryBytes,
    lowerBoundBytes: packing.lowerBound,
    packing: packing.order,
    tensors: graph.tensors
      .filter((t) => t.to >= 0 && t.bytes > 0)
      .map(({ name, offset, bytes, from, to, role }) => ({ name, offset, bytes, from, to, role })),
    segments: bound.segments,
    runs: bound.runs,
    sliceCount: bound.sliceCount,
    frozen: bound.frozen.entries,
    frozenBytes: bound.frozen.bytes,
    parameters: shape.parameters,
    parameterCount: shape.parameterCount,
    macs: countMacs(shape, selection),
  };
}

function countMacs(shape: ModelShape, selection: Selection): { forward: number; backward: number } {
  const trained = new Map(selection.map((s) => [s.layer, s]));
  const deepest = Math.min(...trained.keys(), shape.layers.length);
  let forward = 0;
  let backward = 0;
  for (const layer of shape.layers) {
    const weights = layer.parameters.find((p) => p.role === "weights");
    if (!weights) continue;
    const macs = layer.kind === "dense" ? weights.count : weights.count * layer.output.h * layer.output.w;
    forward += macs;
    const chosen = trained.get(layer.index)?.weights ?? "none";
    if (layer.index > deepest) backward += macs;
    if (chosen === "all") backward += macs;
    else if (chosen !== "none") backward += (macs * chosen.length) / inputChannels(shape, layer);
  }
  return { forward, backward: Math.round(backward) };
}
