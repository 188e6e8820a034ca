// What the host holds for 500 boards that train 100,000 parameters each: the real coordinator and a store in memory, all boards at work all
// the time, updates that are made up. First while all hold the first model, then when each holds a slice of its own: int8 differences leave
// every board with other rounding (host/fl/orders.ts), so that slice is what a board costs, whatever it does.

import { readFileSync } from "node:fs";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { evenSchedule } from "../../../host/fl/schedule.ts";
import { planModel } from "../../../host/plan/plan.ts";
import type { Model } from "../../../host/plan/types.ts";
import { simulate } from "../../../host/sim/simulate.ts";
import { type Figure, memoryInUse } from "./measure.ts";
import { MadeUpUpdates } from "./updates.ts";

/** 312 inputs, 320 units: 100,160 parameters with the biases. */
const model: Model = {
  name: "hundred-thousand",
  kind: "classifier",
  input: { shape: [312], type: "f32" },
  layers: [{ kind: "dense", units: 320 }],
};
const boards = 500;
const steps = 10;

export async function memoryFigures(): Promise<Figure[]> {
  await buildFold();
  const plan = planModel(model, { selection: "all" });
  const updates = new MadeUpUpdates(plan, steps);
  const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
  const [samples, labels] = [new Uint8Array(4), Uint16Array.of(0)];
  const before = memoryInUse();
  const inUse: number[] = [];
  let given = 0;
  await simulate({
    boards: Array.from({ length: boards }, (_, i) => ({ id: `b-${i}`, class: "all", plan, speed: 1, samples, labels })),
    firstModel: new Float32Array(plan.sliceCount).fill(0.1),
    strategy: ftte({ buffer: 50 }),
    folder,
    normalisation: { scale: Array(312).fill(1), offset: Array(312).fill(0) },
    training: { steps, learningRate: 0.01, checkpointEvery: 0, encoding: "int8" },
    seed: 1,
    refreshFrozenEvery: 0,
    normLimit: 1e6,
    schedule: evenSchedule(1),
    train(job) {
      given++;
      if (given === boards || given === 4 * boards) inUse.push(memoryInUse() - before);
      return updates.of(job);
    },
    stop: { updates: 4 * boards },
    evaluateEvery: Number.POSITIVE_INFINITY,
    evaluate: () => ({ accuracy: 0, loss: 0 }),
  });
  const what = `${boards} boards of ${plan.sliceCount.toLocaleString("en")} parameters`;
  const megabytes = (bytes: number | undefined) => (bytes ?? Number.NaN) / 1e6;
  const slices = { "their slices in f32": inUse[1]! / (boards * plan.sliceCount * 4) };
  return [
    { row: "memory", what: `${what}, all at the first version`, value: megabytes(inUse[0]), unit: "MB" },
    { row: "memory", what: `${what}, each with its own slice`, value: megabytes(inUse[1]), unit: "MB", ratios: slices },
    { row: "memory", what: "of the process at its peak", value: process.resourceUsage().maxRSS / 1e3, unit: "MB" },
  ];
}
