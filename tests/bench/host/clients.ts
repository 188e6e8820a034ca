// The whole simulated run but for the kernels: the coordinator, its strategy, validation, encoding, fold and store in memory, over clients
// that come and go and a model of ten parameters, or of 6,000, whose training is the same update every time. What is left is what the host itself
// costs.
//
// An event is an order that begins or ends; each update also is encoded, checked, normed and folded.

import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import type { Schedule } from "../../../host/fl/schedule.ts";
import { planModel } from "../../../host/plan/plan.ts";
import type { Model, Plan } from "../../../host/plan/types.ts";
import { clientSpeeds } from "../../../host/sim/clients.ts";
import { type SimulatedBoard, type Simulation, simulate } from "../../../host/sim/simulate.ts";
import { cpuSecondsOf, type Figure, memoryInUse } from "./measure.ts";
import { className, population } from "./population.ts";
import { timeByFile } from "./profile.ts";
import { MadeUpUpdates } from "./updates.ts";

const steps = 10;

/** What clients train: one dense layer. */
interface Work {
  inputs: number;
  plan: Plan;
  updates: MadeUpUpdates;
}

function workOf(inputs: number, units: number): Work {
  const model: Model = {
    name: "dense",
    kind: "classifier",
    input: { shape: [inputs], type: "f32" },
    layers: [{ kind: "dense", units }],
  };
  const plan = planModel(model, { selection: "all" });
  return { inputs, plan, updates: new MadeUpUpdates(plan, steps) };
}

const ten = workOf(4, 2); // parameters, with the biases
const thousands = workOf(124, 48);

/** After which what a run had in flight at its end is forgotten. */
const settlingMs = 200;

function boardsOf(clients: number, { inputs, plan }: Work): SimulatedBoard[] {
  const speeds = clientSpeeds(clients, { share: 0.3, slowdown: 10 }, 1);
  const [samples, labels] = [new Uint8Array(4 * inputs), Uint16Array.of(1)];
  return speeds.map((speed, i) => ({ id: `c-${i}`, class: className, plan, speed, samples, labels }));
}

function simulation(
  boards: SimulatedBoard[],
  schedule: Schedule,
  count: number,
  { inputs, plan, updates }: Work,
): Simulation {
  return {
    boards,
    schedule,
    firstModel: new Float32Array(plan.parameterCount),
    strategy: ftte({ buffer: 100, concurrency: 1000 }),
    folder: wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8"),
    normalisation: { scale: new Array(inputs).fill(1), offset: new Array(inputs).fill(0) },
    training: { steps, learningRate: 0.01, checkpointEvery: 0, encoding: "int8" },
    seed: 1,
    refreshFrozenEvery: 0,
    normLimit: 1e3,
    train: (job) => updates.of(job),
    stop: { updates: count },
    evaluateEvery: Number.POSITIVE_INFINITY,
    evaluate: () => ({ accuracy: 0, loss: 0 }),
  };
}

/** A population from its description to the end of its run. */
async function measure(clients: number, count: number): Promise<Figure[]> {
  const what = `${clients.toLocaleString("en")} clients, the whole coordinator`;
  await setTimeout(settlingMs);
  const before = memoryInUse();
  const boards = boardsOf(clients, ten);
  const schedule = population(1);
  let begun = 0;
  const counted: Schedule = {
    ...schedule,
    finish(order, now) {
      begun++;
      return schedule.finish(order, now);
    },
  };
  const run = simulation(boards, counted, count, ten);
  let idle = 0;
  const starting = await cpuSecondsOf(() => simulate({ ...run, stop: { updates: 1 } }));
  await setTimeout(settlingMs);
  const train: Simulation["train"] = (job) => {
    idle ||= (memoryInUse() - before) / clients;
    return ten.updates.of(job);
  };
  await simulate({ ...run, train, stop: { updates: 1 } });
  begun = 0;
  let ended = 0;
  const whole = await cpuSecondsOf(async () => {
    const { folded, rejected } = await simulate(run);
    ended = folded + rejected;
  });
  const seconds = whole - starting;
  return [
    { row: "scheduler", what, value: (begun + ended) / seconds, unit: "events/CPU s", goal: "200,000" },
    { row: "scheduler", what, value: ended / seconds, unit: "orders/CPU s" },
    { row: "scheduler", what, value: idle, unit: "B per client, 1,000 at work", goal: "≤ 200" },
    { row: "scheduler", what, value: starting, unit: "CPU s to begin" },
  ];
}

/** What an update of a model of some size costs. */
async function ofThousands(count: number): Promise<Figure> {
  const run = simulation(boardsOf(500, thousands), population(1), count, thousands);
  await simulate({ ...run, stop: { updates: count / 4 } }); // until it is compiled
  const seconds = await cpuSecondsOf(async () => void (await simulate(run)));
  const what = `an update of ${thousands.plan.parameterCount.toLocaleString("en")} parameters, the whole coordinator`;
  return { row: "scheduler", what, value: (seconds * 1000) / count, unit: "CPU ms" };
}

/** Where an update's time goes, with 10,000 clients. */
async function parts(count: number): Promise<Figure[]> {
  const run = simulation(boardsOf(10_000, ten), population(1), count, ten);
  const shares = await timeByFile(async () => void (await simulate(run)));
  const largest = shares.slice(0, 12);
  return largest.map(([file, share]) => ({ row: "where", what: file, value: share * 100, unit: "% of the time" }));
}

export async function clientFigures(clients: readonly number[]): Promise<Figure[]> {
  await buildFold();
  await simulate(simulation(boardsOf(2000, ten), population(1), 10_000, ten)); // until it is compiled
  const figures: Figure[] = [];
  for (const count of clients) figures.push(...(await measure(count, 60_000)));
  return [...figures, await ofThousands(6000), ...(await parts(30_000))];
}
