// What the suite trains: a network that every board holds, its samples and orders, and the update that must come of them.

import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { buildGuest } from "../../host/build/guest.ts";
import { builtGuest } from "../../host/build/root.ts";
import { seeded } from "../../host/data/random.ts";
import type { Order } from "../../host/fl/fleet.ts";
import { packFrozen } from "../../host/plan/frozen.ts";
import { planModel } from "../../host/plan/plan.ts";
import { encodeSlice, gatherSlice } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";
import { type BoardUpdate, runBoardTask } from "../../host/sim/board_task.ts";

const model: Model = {
  name: "hil",
  kind: "classifier",
  input: { shape: [12, 2], type: "f32" },
  layers: [
    { kind: "conv1d", filters: 3, kernel: 3, stride: 2, activation: "relu" },
    { kind: "dense", units: 4 },
  ],
};
const plan = planModel(model, { selection: "head" });
const random = seeded(2026);
const parameters = Float32Array.from({ length: plan.parameterCount }, () => random() - 0.5);
const frozen = packFrozen(plan, parameters, { scale: [1, 1], offset: [0, 0] });
const slice = gatherSlice(plan, parameters);
const size = 24;

export const sampleCount = 9;
const elements = Float32Array.from({ length: sampleCount * size }, () => random() * 2 - 1);
const labels = Uint16Array.from({ length: sampleCount }, (_, i) => i % 4);
export const samples = Array.from(labels, (label, i) => ({
  label,
  elements: new Uint8Array(elements.slice(i * size, (i + 1) * size).buffer),
}));

await buildGuest();
const kernels = readFileSync(builtGuest("kernels.wasm"));
const twin = readFileSync(builtGuest("kernels.twin.wasm"));

export const kernelsCrc = crc32(kernels);
export const planBytes = plan.memoryBytes;

export function order(task: number, steps = 40): Order {
  const full = encodeSlice(1, slice);
  return {
    run: 77,
    board: "",
    task,
    required: [
      { kind: "kernels", bytes: kernels, crc: kernelsCrc },
      { kind: "plan", bytes: plan.binary, crc: plan.planCrc },
      { kind: "frozen", bytes: frozen, crc: crc32(frozen) },
    ],
    slice: { version: 1, crc: crc32(full.subarray(8)), full },
    steps,
    learningRate: 0.05,
    seed: task * 1000 + 3,
    checkpointEvery: 10,
    encoding: "int8",
  };
}

/** What a board must answer, from the same kernels in Node; with what its earlier updates left over. */
export function expected(o: Order, residual?: Float32Array): BoardUpdate {
  const board = { plan, frozen, slice, samples: new Uint8Array(elements.buffer), labels };
  return runBoardTask(twin, residual ? { ...board, residual } : board, { ...o, baseVersion: 1 });
}
