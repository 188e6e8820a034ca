// A small fleet for tests of simulations: two classes, four speeds, random samples, and a run over it of which a test changes what it wants.

import { readFileSync } from "node:fs";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { normal, seeded } from "../../../host/data/random.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Model } from "../../../host/plan/types.ts";
import { type ClientModel, clientSchedule } from "../../../host/sim/clients.ts";
import type { SimulatedBoard, Simulation } from "../../../host/sim/simulate.ts";
import { Trainer } from "../../../host/sim/trainer.ts";
import { kernels } from "../plan/kernels.ts";

await buildFold();
export const wasm = await kernels();
const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
const model: Model = {
  name: "tiny",
  kind: "classifier",
  input: { shape: [4], type: "f32" },
  layers: [
    { kind: "dense", units: 5, activation: "relu" },
    { kind: "dense", units: 3 },
  ],
};
export const plans = { small: planModel(model, { selection: "head" }), large: planModel(model, { selection: "all" }) };
export const steps = 8;

export function boardsOf(count: number): SimulatedBoard[] {
  const random = seeded(3);
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 3 === 0 ? "small" : "large";
    const samples = new Uint8Array(Float32Array.from({ length: 24 }, () => normal(random)).buffer);
    const labels = Uint16Array.from({ length: 6 }, () => Math.floor(random() * 3));
    return { id: `board-${i}`, class: kind, plan: plans[kind], speed: 1 / (1 + (i % 4)), samples, labels };
  });
}

export const population: ClientModel = {
  stepsPerSecond: new Map([
    ["small", 40],
    ["large", 20],
  ]),
  bytesPerSecond: 2000,
  latencySeconds: 0.1,
  jitter: 0.3,
};

export function simulation(more: Partial<Simulation> = {}, count = 12): Simulation {
  const boards = boardsOf(count);
  const trainer = new Trainer(wasm, boards);
  return {
    boards,
    firstModel: initialise(shapeModel(model), seeded(4)),
    strategy: ftte({ buffer: 3, concurrency: 5 }),
    folder,
    normalisation: { scale: [1, 0.5, 2, 1], offset: [0, 0.1, -0.2, 0] },
    training: { steps, learningRate: 0.05, checkpointEvery: 0, encoding: "int8" },
    seed: 9,
    refreshFrozenEvery: 4,
    normLimit: 1e3,
    schedule: clientSchedule(population, 9),
    train: (job) => trainer.train(job),
    stop: { updates: 60 },
    evaluateEvery: 6,
    evaluate: (parameters) => ({ accuracy: parameters[0]!, loss: parameters[1]! }),
    ...more,
  };
}
