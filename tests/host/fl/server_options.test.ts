// What the server does whatever the strategy, in whole runs: how long updates count for is checked against norms taken from the run's file,
// averages against the recursion in f64, both also after the host was killed.

import { describe, expect, it } from "vitest";
import { averagedModel } from "../../../host/fl/averaging.ts";
import { fedbuff } from "../../../host/fl/fedbuff.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { Store } from "../../../host/store/store.ts";
import { recorded } from "./recorded_run.ts";
import { updateDelta } from "./reference_fold.ts";
import { plans, type SessionOptions, session, TestRun } from "./session.ts";

const classes = ["small", "large", "small", "large"];

/** w̄_0 = w_0, w̄_v = β w̄_(v-1) + (1-β) w_v in f64. */
function averages(models: readonly Float32Array[], beta: number): Float64Array[] {
  const out = [Float64Array.from(models[0]!)];
  for (const w of models.slice(1)) out.push(out.at(-1)!.map((mean, i) => beta * mean + (1 - beta) * w[i]!));
  return out;
}

function expectClose(values: Float32Array, expected: Float64Array): void {
  expect(values).toHaveLength(expected.length);
  values.forEach((v, i) => {
    expect(Math.abs(v - expected[i]!), `parameter ${i}`).toBeLessThan(1e-6);
  });
}

describe("a run with averaging", () => {
  const averaging = 0.8;
  const options = (versions: number): SessionOptions => {
    return { strategy: ftte({ buffer: 2 }), server: { averaging }, script: { seed: 1 }, stop: { versions } };
  };

  it("measures and reports the average over versions, and goes on training the newest one", async () => {
    const run = new TestRun(classes);
    const measured: Float32Array[] = [];
    const evaluate = async (parameters: Float32Array) => {
      measured.push(parameters);
      return { accuracy: 0, loss: 0 };
    };
    const { summary } = await session(run, { ...options(8), evaluate });
    const { models } = recorded(run.path);
    const expected = averages(models, averaging);
    expectClose(summary!.parameters, expected[8]!);
    expect(measured.at(-1)).toBe(summary!.parameters);
    expectClose(measured[0]!, expected[0]!);
    const plain = new TestRun(classes);
    await session(plain, { ...options(8), server: {} });
    expect(recorded(plain.path).models).toEqual(models); // what boards train on does not know of it
  });

  it("has the same bits when it is resumed, and when it is asked for afterwards", async () => {
    const whole = new TestRun(classes);
    const { summary } = await session(whole, options(8));
    const cut = new TestRun(classes);
    await session(cut, options(3));
    await session(cut, options(5));
    const { summary: resumed } = await session(cut, options(8));
    expect(resumed!.parameters).toEqual(summary!.parameters);
    const { models } = recorded(cut.path);
    const store = Store.open(cut.path);
    const run = store.open(1);
    expect(averagedModel(run, averaging)).toEqual({ version: 8, parameters: summary!.parameters });
    expect(averagedModel(run)!.parameters).toEqual(models[8]);
    store.close();
  });

  it("says which version is absent when the store lacks one", () => {
    const parameters = new Float32Array(3);
    const model = (version = 4) => (version === 2 ? undefined : { version, parameters });
    expect(() => averagedModel({ run: 7, model }, 0.5)).toThrow(/run 7 lacks model version 2/);
    expect(averagedModel({ run: 7, model: () => undefined }, 0.5)).toBeUndefined();
  });
});

/** Δ by flat coordinate of each update that was folded, by the judge's decoding, with what the file says of it. */
function folded(run: TestRun) {
  const tasks = recorded(run.path).tasks.filter((t) => t.foldedIn !== null);
  return tasks.map((task) => {
    const plan = plans.get(run.setups.find((s) => s.id === task.board)!.class)!;
    return { ...task, delta: updateDelta(task.bytes!, plan) };
  });
}

const norms = (run: TestRun) => folded(run).map(({ delta }) => Math.hypot(...delta.values()));

describe("a run with clipping", () => {
  it("moves no farther than C at a step of one update, and by all of an update that is shorter", async () => {
    const run = new TestRun(classes);
    const clipNorm = 0.25;
    const strategy = ftte({ buffer: 1, age: "constant" });
    await session(run, { strategy, server: { clipNorm }, script: { seed: 1 }, stop: { versions: 12 } });
    const { models } = recorded(run.path);
    const moved = models.slice(1).map((w, v) => Math.hypot(...w.map((x, i) => x - models[v]![i]!)));
    norms(run).forEach((norm, v) => {
      expect(moved[v]).toBeCloseTo(Math.min(norm, clipNorm), 5);
    });
    expect(Math.min(...norms(run))).toBeLessThan(0.8 * clipNorm);
    expect(Math.max(...norms(run))).toBeGreaterThan(1.2 * clipNorm);
  });
});

describe("a run that takes the median", () => {
  it("moves each coordinate by the middle of the changes that cover it, as far as the weights go together", async () => {
    const run = new TestRun(classes);
    const strategy = fedbuff({ buffer: 5 });
    await session(run, { strategy, server: { combine: "median" }, script: { seed: 1 }, stop: { versions: 5 } });
    const { models } = recorded(run.path);
    let covered = 0;
    models.slice(1).forEach((after, v) => {
      const updates = folded(run).filter((u) => u.foldedIn === v + 1);
      after.forEach((w, c) => {
        const covering = updates.filter(({ delta }) => delta.has(c));
        const list = covering.map(({ delta }) => delta.get(c)!).sort((x, y) => x - y);
        const half = list.length / 2;
        const middle = list.length === 0 ? 0 : (list[Math.ceil(half) - 1]! + list[Math.floor(half)]!) / 2;
        const weight = covering.reduce((sum, u) => sum + 1 / Math.sqrt(1 + v - u.baseVersion), 0);
        expect(Math.abs(w - models[v]![c]! - (weight / 5) * middle), `version ${v + 1}, ${c}`).toBeLessThan(1e-6);
        if (covering.length > 2) covered++;
      });
    });
    expect(covered).toBeGreaterThan(50);
  });
});

describe("a run with a filter by staleness groups", () => {
  it("counts what it leaves out, says why, and makes of the rest what it would have made without it", async () => {
    const run = new TestRun(classes);
    const options: SessionOptions = {
      strategy: ftte({ buffer: 6, age: "constant" }),
      server: { filter: { kind: "staleness-groups", factor: 1.05 } },
      script: { seed: 1 },
      stop: { versions: 4 },
    };
    const { summary, events } = await session(run, options);
    const left = folded(run).filter(({ reason }) => reason !== null);
    expect(left.length).toBeGreaterThan(0);
    expect(summary!.updates).toMatchObject({ folded: 24, leftOut: left.length, rejected: 0 });
    const told = events.flatMap((e) => (e.type === "update" && e.reason ? [`${e.board} ${e.reason}`] : []));
    expect(told.sort()).toEqual(left.map(({ board, reason }) => `${board} ${reason}`).sort());
    for (const text of told)
      expect(text).toMatch(/left out: its distance to the \d updates of staleness \d is \d+\.\d times/);
    const { models } = recorded(run.path);
    models.slice(1).forEach((after, v) => {
      const kept = folded(run).filter((u) => u.foldedIn === v + 1 && u.reason === null);
      after.forEach((w, c) => {
        const moved = kept.reduce((sum, { delta }) => sum + (delta.get(c) ?? 0), 0) / kept.length;
        expect(Math.abs(w - models[v]![c]! - moved), `version ${v + 1}, ${c}`).toBeLessThan(1e-6);
      });
    });
    const again = await session(run, { ...options, stop: { versions: 5 } });
    expect(again.summary!.updates.leftOut).toBeGreaterThanOrEqual(left.length); // also those of the session before
  });
});
