// Simulated runs against what must hold of any run: the same result whatever trains the boards and when; time, bytes and updates that add
// up; rounds as slow as their slowest board; nothing of what is lost.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import { ca2fl } from "../../../host/fl/ca2fl.ts";
import { fedasync } from "../../../host/fl/fedasync.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { evenSchedule, type Schedule } from "../../../host/fl/schedule.ts";
import { rowsBytes } from "../../../host/plan/slice.ts";
import { type ClientModel, clientSchedule } from "../../../host/sim/clients.ts";
import { type Simulation, simulate } from "../../../host/sim/simulate.ts";
import { Trainer } from "../../../host/sim/trainer.ts";
import { framedBytes } from "../../../host/wire/frame.ts";
import { DeltaHeaderBytes, SliceHeaderBytes, UpdateHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { boardsOf, plans, population, simulation, steps, wasm } from "./tiny_simulation.ts";

describe("a simulated run", () => {
  const hard: ClientModel = { ...population, churn: { onSeconds: 4, offSeconds: 3 }, lost: 0.1, patienceSeconds: 2 };
  const strategies = {
    ftte: () => ftte({ buffer: 3, concurrency: 5 }),
    "ftte with turns by time": () => ftte({ buffer: 3, concurrency: 5, turns: "time" }),
    ca2fl: () => ca2fl({ buffer: 3, concurrency: 5 }),
    fedasync: () => fedasync({ concurrency: 5, maxStaleness: 12 }),
    fedavg: () => fedavg({ cohort: 5 }),
    "fedavg with over-selection": () => fedavg({ cohort: 4, overSelection: 1.5 }),
  };

  it.each(Object.entries(strategies))(
    "of %s is the same whenever its boards' tasks are done, also with churn and losses",
    async (_name, strategy) => {
      const make = () => simulation({ strategy: strategy(), schedule: clientSchedule(hard, 9) });
      const expected = await simulate(make());
      expect(expected.folded).toBeGreaterThanOrEqual(60);
      expect(expected.rejected).toBeGreaterThan(0);
      const random = seeded(1);
      const trainer = new Trainer(wasm, boardsOf(12));
      const late: Simulation["train"] = async (job) => {
        await new Promise((resolve) => setTimeout(resolve, random() * 4));
        return trainer.train(job);
      };
      expect(await simulate({ ...make(), train: late })).toEqual(expected);
      const other = await simulate({ ...make(), seed: 10 });
      expect(other.parameters).not.toEqual(expected.parameters);
    },
  );

  it("measures, and ends with, the average over versions where the server averages", async () => {
    const measured = async (averaging: number) => {
      const models: Float32Array[] = [];
      const evaluate = (parameters: Float32Array) => {
        models.push(parameters.slice());
        return { accuracy: 0, loss: 0 };
      };
      const { parameters } = await simulate(simulation({ server: { averaging }, evaluate, evaluateEvery: 1 }));
      expect(parameters).toEqual(models.at(-1));
      return models;
    };
    const versions = await measured(0);
    let mean = Float64Array.from(versions[0]!);
    (await measured(0.75)).forEach((average, v) => {
      if (v > 0) mean = mean.map((m, i) => 0.75 * m + 0.25 * versions[v]![i]!);
      average.forEach((w, i) => {
        expect(Math.abs(w - mean[i]!), `version ${v}, parameter ${i}`).toBeLessThan(1e-5);
      });
    });
    expect(versions.length).toBeGreaterThan(15);
  });

  it("measures the first model, a version in every so many updates, and the last", async () => {
    const points: number[] = [];
    const run = await simulate(simulation({ onPoint: ({ version }) => points.push(version) }));
    expect(run.curve.map(({ version }) => version)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    expect(points).toEqual(run.curve.map(({ version }) => version));
    expect(run.curve.map(({ folded }) => folded)).toEqual(points.map((version) => version * 3));
    expect(run.curve.at(-1)).toMatchObject({ version: run.versions, seconds: run.seconds, folded: run.folded });
    expect(run.curve.at(-1)!.accuracy).toBe(run.parameters[0]);
  });

  it("ends at a version, a virtual time or an accuracy as well", async () => {
    expect((await simulate(simulation({ stop: { versions: 5 } }))).versions).toBe(5);
    const timed = await simulate(simulation({ stop: { seconds: 10 }, evaluateEvery: 1 }));
    expect(timed.seconds).toBeGreaterThanOrEqual(10);
    expect(timed.curve.at(-2)!.seconds).toBeLessThan(10);
    const accuracy = timed.curve[3]!.accuracy;
    const better = await simulate(simulation({ stop: { accuracy }, evaluateEvery: 1 }));
    expect(better.curve.at(-1)!.accuracy).toBeGreaterThanOrEqual(accuracy);
    expect(better.curve.slice(1, -1).every((point) => point.accuracy < accuracy)).toBe(true);
  });

  it("counts every byte: the blobs that a board lacks, the slice's difference from what it holds, and an update for each that arrived", async () => {
    const one = simulation({ refreshFrozenEvery: 0, strategy: ftte({ buffer: 1 }), stop: { updates: 4 } }, 1);
    const plan = plans.small;
    const { bytes } = await simulate(one);
    const slices = 4 * framedBytes(DeltaHeaderBytes + rowsBytes(plan)); // the first from zeros
    expect(bytes.down).toBe(framedBytes(plan.binary.length) + framedBytes(plan.frozenBytes) + slices);
    expect(bytes.up).toBe(4 * framedBytes(UpdateHeaderBytes + rowsBytes(plan)));
  });

  it("counts whole slices and whole updates where updates are f32", async () => {
    const training = { steps, learningRate: 0.05, checkpointEvery: 0, encoding: "f32" as const };
    const f32 = { training, folder: wasmFolder(readFileSync(builtGuest("fold.wasm")), "f32"), refreshFrozenEvery: 0 };
    const run = await simulate(simulation({ ...f32, strategy: ftte({ buffer: 1 }), stop: { updates: 4 } }, 1));
    const plan = plans.small;
    const values = plan.sliceCount * 4;
    const blobs = framedBytes(plan.binary.length) + framedBytes(plan.frozenBytes);
    expect(run.bytes.down).toBe(blobs + 4 * framedBytes(SliceHeaderBytes + values));
    expect(run.bytes.up).toBe(4 * framedBytes(UpdateHeaderBytes + values));
    expect(run).toMatchObject({ folded: 4, rejected: 0 });
    // As many bytes as the schedule was told.
    const even: Schedule = clientSchedule({ ...population, jitter: 0 }, 9);
    const timed = await simulate(
      simulation({ ...f32, schedule: even, strategy: ftte({ buffer: 1 }), stop: { updates: 4 } }, 1),
    );
    expect(timed.seconds).toBeCloseTo(4 * 0.1 + (run.bytes.down + run.bytes.up) / 2000 + (4 * steps) / 40, 9);
  });

  it("counts the largest elements alone where updates are top-k, and deltas of all as with int8", async () => {
    const topK = 32;
    const training = { steps, learningRate: 0.05, checkpointEvery: 0, encoding: { topK } };
    const even: Schedule = clientSchedule({ ...population, jitter: 0 }, 9);
    const given = {
      training,
      refreshFrozenEvery: 0,
      schedule: even,
      strategy: ftte({ buffer: 1 }),
      stop: { updates: 4 },
    };
    const run = await simulate(simulation(given, 1));
    const plan = plans.small;
    const slices = 4 * framedBytes(DeltaHeaderBytes + rowsBytes(plan));
    expect(run.bytes.down).toBe(framedBytes(plan.binary.length) + framedBytes(plan.frozenBytes) + slices);
    const row = (n: number) => 4 * Math.ceil((4 + Math.ceil(n / 8) + Math.ceil((n * topK) / 256)) / 4);
    const rows = plan.segments.reduce((sum, s) => sum + s.rows * row(s.rowElements), 0);
    expect(run.bytes.up).toBe(4 * framedBytes(UpdateHeaderBytes + rows));
    expect(run).toMatchObject({ folded: 4, rejected: 0 });
    expect(run.seconds).toBeCloseTo(4 * 0.1 + (run.bytes.down + run.bytes.up) / 2000 + (4 * steps) / 40, 9);
  });

  it("counts half a byte for each element both ways where updates are int4", async () => {
    const training = { steps, learningRate: 0.05, checkpointEvery: 0, encoding: "int4" as const };
    const given = { training, refreshFrozenEvery: 0, strategy: ftte({ buffer: 1 }), stop: { updates: 4 } };
    const run = await simulate(simulation(given, 1));
    const plan = plans.small;
    const row = (n: number) => 4 + 4 * Math.ceil(n / 8);
    const rows = plan.segments.reduce((sum, s) => sum + s.rows * row(s.rowElements), 0);
    const blobs = framedBytes(plan.binary.length) + framedBytes(plan.frozenBytes);
    expect(run.bytes.down).toBe(blobs + 4 * framedBytes(DeltaHeaderBytes + rows));
    expect(run.bytes.up).toBe(4 * framedBytes(UpdateHeaderBytes + rows));
    expect(run).toMatchObject({ folded: 4, rejected: 0 });
  });

  it("of one board takes as long as its orders in turn", async () => {
    const even: ClientModel = { ...population, jitter: 0 };
    const one = { strategy: ftte({ buffer: 1 }), schedule: clientSchedule(even, 9), stop: { updates: 4 } };
    const { seconds, bytes } = await simulate(simulation(one, 1));
    expect(seconds).toBeCloseTo(4 * 0.1 + (bytes.down + bytes.up) / 2000 + (4 * steps) / 40, 9);
  });

  it("of fedavg is as slow as the slowest board of each round, and ftte is not", async () => {
    const schedule: Schedule = { ...evenSchedule(1), finish: ({ speed }, now) => now + 1 / speed }; // 1 to 4
    const rounds = await simulate(simulation({ schedule, strategy: fedavg(), stop: { versions: 5 } }));
    expect(rounds.seconds).toBe(5 * 4);
    expect(rounds.folded).toBe(5 * 12);
    const buffered = await simulate(simulation({ schedule, strategy: ftte({ buffer: 12 }), stop: { versions: 5 } }));
    expect(buffered.seconds).toBeLessThanOrEqual(10); // 12 boards at 1, 1/2, 1/3 and 1/4 give 25 updates in 4
    expect(buffered.meanStaleness).toBeGreaterThan(0);
    expect(rounds.meanStaleness).toBe(0);
  });

  it("has its boards at work equally often, or for about as long", async () => {
    const share = async (turns: "orders" | "time") => {
      const schedule: Schedule = { ...evenSchedule(1), finish: ({ speed }, now) => now + 1 / speed }; // 1 to 4
      const counts = new Map<number, number>();
      const { train } = simulation();
      const counting: Simulation["train"] = (job) => {
        counts.set(job.board, (counts.get(job.board) ?? 0) + 1);
        return train(job);
      };
      const strategy = ftte({ buffer: 1, concurrency: 4, turns });
      await simulate(simulation({ schedule, strategy, train: counting, stop: { updates: 480 } }));
      // Of the three boards of each speed.
      return [0, 1, 2, 3].map((speed) => [0, 4, 8].reduce((sum, i) => sum + counts.get(speed + i)!, 0));
    };
    for (const orders of await share("orders")) expect(Math.abs(orders - 120)).toBeLessThanOrEqual(3);
    // An order at a quarter of full speed lasts for longer than a turn, and is a turn all the same.
    const seconds = (await share("time")).map((orders, i) => orders * (i + 1));
    expect(Math.max(...seconds) / Math.min(...seconds)).toBeLessThan(2); // where it is 4 with equally many orders
  });

  it("of fedavg with over-selection ends rounds with the first, and gives the others up", async () => {
    const schedule: Schedule = { ...evenSchedule(1), finish: ({ speed }, now) => now + 1 / speed };
    const strategy = fedavg({ cohort: 6, overSelection: 2 }); // asks all twelve, waits for the six at full or half speed
    const run = await simulate(simulation({ schedule, strategy, stop: { versions: 5 } }));
    expect(run).toMatchObject({ seconds: 5 * 2, folded: 5 * 6, rejected: 4 * 6, meanStaleness: 0 });
  });

  it("folds nothing of what is lost", async () => {
    const never: Schedule = { ...clientSchedule(population, 9), isLost: ({ index }) => index > 0 };
    const run = await simulate(simulation({ schedule: never, strategy: ftte({ buffer: 1 }), stop: { updates: 5 } }));
    expect(run.folded).toBe(5);
    expect(run.rejected).toBeGreaterThan(5);
    expect(run.bytes.up).toBe(5 * framedBytes(UpdateHeaderBytes + rowsBytes(plans.small)));
  });

  it("fails with what a board's task fails with", async () => {
    const trainer = new Trainer(wasm, boardsOf(12));
    const train: Simulation["train"] = (job) => {
      if (job.task === 2) throw new RangeError("the guest is gone");
      return trainer.train(job);
    };
    await expect(simulate(simulation({ train }))).rejects.toThrow("the guest is gone");
  });
});
