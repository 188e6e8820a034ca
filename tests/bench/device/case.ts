// Cases of the device benchmark: a reference model with random parameters and samples, a selection, and what Node's guest makes of them.
// The bytes are those that harness.h describes.
import { readFileSync } from "node:fs";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import { packFrozen } from "../../../host/plan/frozen.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import { gatherSlice, scatterSlice } from "../../../host/plan/slice.ts";
import type { Model, Plan, Selection } from "../../../host/plan/types.ts";
import { Guest } from "../../../host/sim/guest.ts";
import { decodePlanHeader, encodePlanHeader } from "../../../host/wire/spec.gen.ts";
import { randomParameters } from "../../host/plan/bench.ts";
import { encodeNetwork } from "./network.ts";

/** The reference models that the C beside the firmware computes, too: it has no max pools. */
export type Workload = Exclude<keyof typeof referenceModels, "cifar-cnn">;
export type Mode = "full" | "truncated" | "head" | "bias";
export type Frozen = "int8" | "f32";

export interface Case {
  workload: Workload;
  mode: Mode;
  frozen: Frozen;
  plan: Plan;
  bytes: Uint8Array;
  /** Of its parts, what a board holds: frozen image, slice, and samples as records of `stride` bytes, a label and elements. */
  frozenImage: Uint8Array;
  slice: Float32Array;
  records: Uint8Array;
  stride: number;
  /**
   * The bytes of the same case with only the first `ops` ops of the plan's training list, weights as they are before the last step, and a
   * learning rate so small that they stay so: the last step then computes what it does in the whole case, as far as the list goes.
   */
  cut: (ops: number) => Uint8Array;
  /** What Node's guest has after the same steps: bits. */
  trained: Uint32Array;
  output: Uint32Array;
}

const learningRate = 0.01;
const sampleCount = 4;

/** What "truncated" trains, written as layers: the head's weights and one layer's biases before it. */
function selectionOf(workload: Workload, mode: Mode): Selection | "all" | "head" | "bias" {
  if (mode === "full") return "all";
  if (mode !== "truncated") return mode;
  return truncated[workload];
}

const truncated: Record<Workload, Selection> = {
  "mlp-128-32-6": [
    { layer: 0, bias: true, weights: "none" },
    { layer: 1, bias: true, weights: "all" },
  ],
  "mlp-561-64-6": [
    { layer: 0, bias: true, weights: "none" },
    { layer: 1, bias: true, weights: "all" },
  ],
  "motion-cnn": [
    { layer: 1, bias: true, weights: "none" },
    { layer: 3, bias: true, weights: "all" },
  ],
  "image-cnn": [
    { layer: 1, bias: true, weights: "none" },
    { layer: 2, bias: true, weights: "all" },
  ],
  "ecg-autoencoder": [
    { layer: 2, bias: true, weights: "all" },
    { layer: 3, bias: true, weights: "all" },
  ],
};

export const workloads = Object.keys(truncated) as Workload[];

const elementBytes = { u8: 1, i16: 2, f32: 4 } as const;

/** A record as boards keep them: label, two zero bytes, elements, padding to 4. */
function randomRecord(model: Model, count: number, label: number, random: () => number): Uint8Array {
  const { type } = model.input;
  const out = new Uint8Array(4 + ((count * elementBytes[type] + 3) & ~3));
  const view = new DataView(out.buffer);
  view.setUint16(0, label, true);
  for (let i = 0; i < count; i++) {
    const v = random();
    if (type === "u8") view.setUint8(4 + i, Math.floor(v * 256));
    else if (type === "i16") view.setInt16(4 + i * 2, Math.round((v - 0.5) * 4000), true);
    else view.setFloat32(4 + i * 4, v * 4 - 2, true);
  }
  return out;
}

function randomSamples(model: Model, random: () => number): { records: Uint8Array; stride: number } {
  const shape = shapeModel(model);
  const { h, w, c } = shape.input;
  const classes = model.kind === "classifier" ? shape.layers.at(-1)!.output.c : 1;
  const records = Array.from({ length: sampleCount }, (_, i) => randomRecord(model, h * w * c, i % classes, random));
  return { records: Buffer.concat(records), stride: records[0]!.length };
}

/** Inputs of about unit variance, whatever the sample type. */
function normalisationOf(model: Model) {
  const c = shapeModel(model).input.c;
  const [scale, offset] = { u8: [1 / 64, -2], i16: [1 / 1000, 0.1], f32: [0.7, 0.2] }[model.input.type] as [
    number,
    number,
  ];
  return { scale: Array(c).fill(Math.fround(scale)), offset: Array(c).fill(Math.fround(offset)) };
}

export function makeCase(workload: Workload, mode: Mode, frozenForm: Frozen, steps: number, infers: number): Case {
  const model: Model = referenceModels[workload];
  const random = seeded(20_26);
  const parameters = randomParameters(model, random);
  const plan = planModel(model, { selection: selectionOf(workload, mode), frozenForm });
  const normalisation = normalisationOf(model);
  const frozen = packFrozen(plan, parameters, normalisation);
  const { records, stride } = randomSamples(model, random);
  const kernels = readFileSync(builtGuest("kernels.wasm"));
  const encode = (binary: Uint8Array, all: Float32Array, learningRate: number) => {
    const slice = gatherSlice(plan, all);
    const network = encodeNetwork(plan, frozen, all, normalisation);
    const head = Uint32Array.of(
      ...[0x42545446, steps, sampleCount, stride, infers, bits(learningRate)],
      ...[binary.length, frozen.length, slice.byteLength, network.length, kernels.length, 0],
    );
    return Buffer.concat([head, binary, frozen, slice, network, kernels, records].map(padded));
  };
  const twin = readFileSync(builtGuest("kernels.twin.wasm"));
  const guest = new Guest(twin, plan.binary, { frozen, slice: gatherSlice(plan, parameters), samples: records });
  const { before, trained, output } = judge(guest, records, stride, steps, infers);
  const cut = (ops: number) => {
    const binary = Uint8Array.from(plan.binary);
    const header = decodePlanHeader(binary);
    const forwardOps = Math.min(ops, header.forwardOps);
    binary.set(encodePlanHeader({ ...header, forwardOps, trainOps: ops - forwardOps }));
    const all = Float32Array.from(parameters);
    scatterSlice(plan, before, all);
    return encode(binary, all, 1e-20);
  };
  const bytes = encode(plan.binary, parameters, learningRate);
  const slice = gatherSlice(plan, parameters);
  const parts = { frozenImage: frozen, slice, records, stride };
  return { workload, mode, frozen: frozenForm, plan, bytes, ...parts, cut, trained, output };
}

function judge(guest: Guest, records: Uint8Array, stride: number, steps: number, infers: number) {
  const { modelKind } = guest.header;
  guest.start();
  const at = (i: number) => (i % sampleCount) * stride;
  let before = new Float32Array();
  for (let i = 0; i < steps; i++) {
    before = guest.state().slice();
    guest.step(at(i) + 4, records[at(i)]!, learningRate);
  }
  for (let i = 0; i < infers; i++) modelKind === 2 ? guest.score(at(i) + 4) : guest.infer(at(i) + 4);
  const bitsOf = (a: Float32Array) => new Uint32Array(a.slice().buffer);
  return { before, trained: bitsOf(guest.state()), output: bitsOf(guest.output()) };
}

function bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

function padded(part: Uint8Array | Uint32Array | Float32Array): Uint8Array {
  const out = new Uint8Array((part.byteLength + 15) & ~15);
  out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return out;
}
