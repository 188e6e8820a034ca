// How runs become figures, against numbers worked out by hand; and a small run with clients that do harm.

import { describe, expect, it } from "vitest";
import { buildFold } from "../../host/build/fold.ts";
import type { FleetEntry } from "../../host/cli/config.ts";
import { planModel } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { rowsBytes } from "../../host/plan/slice.ts";
import type { Point } from "../../host/sim/simulate.ts";
import { encodeUpdateHeader, UpdateHeaderBytes } from "../../host/wire/spec.gen.ts";
import { kernels } from "../host/plan/kernels.ts";
import { columnsOf, figuresOf, finalAccuracy, type Outcome, reached, spread, targetOf, titleOf } from "./figures.ts";
import { altered, doesHarm, type Harm } from "./harm.ts";
import { metrics } from "./metrics.ts";
import type { CellResult } from "./run_cell.ts";
import { fullFleet, settingsOf, tieredFleet } from "./settings.ts";
import { type Cell, concurrencyOf, configOf, reference, rows, variantText } from "./strategies.ts";

const curve = (...accuracies: number[]): Point[] =>
  accuracies.map((accuracy, i) => {
    return { version: i, seconds: i * 10, folded: i * 5, bytes: { up: i * 100, down: i * 300 }, accuracy, loss: 0 };
  });
const cellOf = (row: string, concurrency: Cell["concurrency"], seed: number): Cell => {
  const place = { setting: "MNIST", partition: "IID", clients: 4, stragglers: 0.5 };
  return { ...place, concurrency, row, variant: 0, seed };
};
const outcome = (cell: Cell, accuracies: number[], arena: number, clientAccuracy = [1, 0.5, 0.25, -1]): Outcome => {
  const speeds = [1, 0.5, 0.2, 0.1];
  return {
    cell,
    result: { curve: curve(...accuracies), meanStaleness: 2, smallestArena: arena, clientAccuracy, speeds },
  };
};

describe("a run's target", () => {
  it("is reached at the first of two measurements in a row that are there: one alone may be luck", () => {
    expect(reached(curve(0.5, 0.9, 0.7, 0.8, 0.85, 0.6), 0.8)).toMatchObject({
      seconds: 30,
      bytes: { up: 300, down: 900 },
    });
    expect(reached(curve(0.5, 0.9, 0.7, 0.9), 0.8)).toBeUndefined();
  });

  it("is a point below the median of what the reference ends with, each the mean of three measurements", () => {
    const finals = [0.9, 0.94, 0.92].map((a, seed) =>
      outcome(cellOf(reference, "equal", seed), [0.1, a - 0.03, a, a + 0.03], 100),
    );
    const double = outcome(cellOf(reference, "double", 0), [0.99, 0.99, 0.99], 100);
    expect(finalAccuracy(finals[0]!.result)).toBeCloseTo(0.9, 12);
    expect(targetOf([...finals, double], reference)).toBeCloseTo(0.91, 12);
  });
});

describe("a row's figures", () => {
  const reference3 = [1, 2, 3].map((seed) =>
    outcome(cellOf(reference, "equal", seed), [0.5, 0.6, 0.7, 0.8, 0.8, 0.8], 1000),
  );
  const fast = [
    outcome(cellOf("FTTE", "double", 1), [0.5, 0.8, 0.8, 0.78], 200),
    outcome(cellOf("FTTE", "double", 2), [0.5, 0.7, 0.8, 0.79], 200),
    outcome(cellOf("FTTE", "double", 3), [0.5, 0.5, 0.5, 0.5], 200, [1, 1, 1, 1]),
  ];
  const [slow, quick] = figuresOf([...reference3, ...fast], 0.79, reference);

  it("are medians over the seeds, with their range, of the seeds that reached the target if most did", () => {
    expect(slow).toMatchObject({ timeToTarget: 30, bytes: 1200, failedSeeds: 0 });
    expect(slow!.accuracy).toBeCloseTo(0.8, 12);
    expect(quick).toMatchObject({ timeToTarget: 15, bytes: 600, failedSeeds: 1, memory: 200 });
    expect(quick!.range.timeToTarget).toEqual([10, 20]);
    expect(quick!.range.accuracy[0]).toBeCloseTo(0.5, 12);
    const failed = figuresOf([...reference3, fast[2]!, { ...fast[2]! }, fast[0]!], 0.79, reference)[1]!;
    expect(failed).toMatchObject({ timeToTarget: null, bytes: null, failedSeeds: 2 });
    expect(failed.vsFedAvg.time).toBeNull();
  });

  it("are held against the reference at equal concurrency", () => {
    expect(slow!.vsFedAvg).toEqual({ time: 0, bytes: 0, memory: 0, accuracy: 0, stragglerAccuracy: 0 });
    expect(quick!.vsFedAvg).toMatchObject({ time: -0.5, bytes: -0.5, memory: -0.8 });
    expect(quick!.vsFedAvg.accuracy).toBeCloseTo((0.7 + 0.8 + 0.79) / 3 - 0.8, 12);
  });

  it("say how the slow clients and the worst tenth fare, on clients that have samples to be judged by", () => {
    expect(slow!.stragglerAccuracy).toBeCloseTo((0.5 + 0.25) / 2, 12);
    expect(slow!.worstTenth).toBe(0.25);
  });

  it("have medians between the middle two of an even number", () => {
    expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 });
  });
});

describe("a measurement", () => {
  /** 100 beats, of which 8 are ventricular and 5 of them found. */
  const beats = [
    [90, 2],
    [3, 5],
  ];

  it("is the share of right answers, or the mean of the classes' F1, which one of little use cannot hide behind the many", () => {
    expect(metrics.accuracy(beats)).toBeCloseTo(0.95, 12);
    expect(metrics["macro-F1"](beats)).toBeCloseTo(((2 * 90) / (92 + 93) + (2 * 5) / (8 + 7)) / 2, 12);
    const allNormal = [
      [92, 0],
      [8, 0],
    ];
    expect(metrics.accuracy(allNormal)).toBeCloseTo(0.92, 12);
    expect(metrics["macro-F1"](allNormal)).toBeCloseTo((2 * 92) / (92 + 100) / 2, 12);
  });

  it("leaves out of the mean what a client neither has nor is told to have, and nothing else", () => {
    const wider = [...beats.map((row) => [...row, 0]), [0, 0, 0]];
    expect(metrics["macro-F1"](wider)).toBeCloseTo(metrics["macro-F1"](beats), 12);
    const ofFirstClass = (answers: number[]) => metrics["macro-F1"]([answers, answers.map(() => 0)]);
    expect(ofFirstClass([7, 0])).toBe(1);
    expect(ofFirstClass([8, 2])).toBeCloseTo(16 / 18 / 2, 12);
  });

  it("is named where it is shown, and nothing else is", () => {
    const settings = settingsOf({ mitbih: "." });
    const titles = settings.map((setting) => {
      const place = { partition: "IID", clients: 10, stragglers: 0.5 };
      return titleOf({ setting, place, seeds: 1, target: 0.9, best: new Map(), outcomes: [], figures: [] });
    });
    expect(titles.map((title) => title.split("; ")[1])).toEqual(["target 90.0 %", "target macro-F1 90.0 %"]);
    expect(columnsOf("macro-F1").filter((name) => /accuracy|F1/.test(name))).toEqual(["macro-F1 %"]);
  });
});

describe("the settings", () => {
  it("have small boards with a fifth of the full model's arena, where half of the fleet holds it all", () => {
    for (const setting of settingsOf({ hapt: ".", mitbih: ".", cifar10: "." })) {
      const arena = (train: FleetEntry["train"], budget: FleetEntry["budget"]) => {
        const limit = budget === undefined ? {} : { budgetBytes: Number(budget) };
        return planModel(setting.model, { selection: train!, training: {}, ...limit }).memoryBytes;
      };
      const [full] = fullFleet(setting, 10);
      const [large, ...small] = tieredFleet(setting, 500);
      expect(large).toMatchObject({ count: 250, train: "all" });
      expect(small.reduce((sum, { count }) => sum + count!, 0)).toBe(250);
      for (const { train, budget } of small)
        expect(arena(train, budget) / arena(full!.train, undefined), setting.name).toBeLessThan(0.2);
    }
  });
});

describe("the rows", () => {
  const [setting] = settingsOf({});

  it("have four variants each that differ, and configs of as many boards as there are clients", () => {
    for (const row of rows) {
      const texts = [0, 1, 2, 3].map((variant) => variantText(setting!, row, variant));
      expect(new Set(texts).size).toBe(4);
      const cell: Cell = { ...cellOf(row.name, "double", 7), partition: "IID", clients: 101, variant: 3 };
      const config = configOf(setting!, row, cell);
      expect(config.fleet.reduce((sum, { count }) => sum + count!, 0)).toBe(101);
      expect(config.training?.learningRate).toBe(setting!.learningRates[1]);
    }
  });

  it("have a tenth of the clients at work, or a fifth, and five at least", () => {
    expect(concurrencyOf({ clients: 500, concurrency: "equal" })).toBe(50);
    expect(concurrencyOf({ clients: 500, concurrency: "double" })).toBe(100);
    expect(concurrencyOf({ clients: 10, concurrency: "equal" })).toBe(5);
  });
});

describe("a client that does harm", () => {
  const plan = planModel(referenceModels["mlp-128-32-6"], { selection: "head" });
  const header = { run: 1, task: 1, baseVersion: 0, planCrc: 0, samples: 1, steps: 1, lossFirst: 0, lossLast: 0 };
  const rowsAt = UpdateHeaderBytes;
  const update = () => {
    const bytes = new Uint8Array(rowsAt + rowsBytes(plan));
    bytes.set(encodeUpdateHeader({ ...header, rows: 0, count: 0, encoding: 1 }));
    new DataView(bytes.buffer).setFloat32(rowsAt, 0.5, true);
    new Int8Array(bytes.buffer, rowsAt + 4, 3).set([3, -127, 0]);
    return { bytes };
  };
  const first = (kind: Harm["kind"]) => {
    const { bytes } = altered({ kind, share: 1 }, plan, update());
    return [new DataView(bytes.buffer).getFloat32(rowsAt, true), ...new Int8Array(bytes.buffer, rowsAt + 4, 3)];
  };

  it("sends the opposite of its update, a hundred times it, or no numbers, and leaves the honest one alone", () => {
    expect(first("flipped")).toEqual([0.5, -3, 127, 0]);
    expect(first("scaled")).toEqual([50, 3, -127, 0]);
    expect(first("nan")).toEqual([Number.NaN, 3, -127, 0]);
    const honest = update();
    altered({ kind: "scaled", share: 1 }, plan, honest);
    expect(honest).toEqual(update());
  });

  it("is drawn by the seed, about as often as the share says", () => {
    const drawn = Array.from({ length: 4000 }, (_, i) => doesHarm({ kind: "labels", share: 0.2 }, i, 1));
    expect(drawn.filter(Boolean).length / 4000).toBeCloseTo(0.2, 1);
    expect(Array.from({ length: 50 }, (_, i) => doesHarm({ kind: "labels", share: 0.2 }, i, 2))).not.toEqual(
      drawn.slice(0, 50),
    );
  });
});

describe("a cell", () => {
  it("is a run of its config with every client judged, and NaN from hostile clients never reaches the model", {
    timeout: 60_000,
  }, async () => {
    await kernels();
    await buildFold();
    const { runCell } = await import("./run_cell.ts"); // reads what was just built
    const [setting] = settingsOf({});
    const small = { ...setting!, data: () => ({ kind: "mnist", train: 1500, test: 100 }) as const };
    const row = rows.find(({ name }) => name === "FTTE, tiers")!;
    const config = configOf(small, row, { ...cellOf(row.name, "equal", 3), partition: "IID", clients: 10 });
    const result = await runCell({ config, updates: 20, evaluateEvery: 10, harm: { kind: "nan", share: 0.4 } });
    expect(result.clientAccuracy).toHaveLength(10);
    expect(finalAccuracy(result)).toBeGreaterThan(0.5);
    expect(result.smallestArena).toBeLessThan(9001);
    expect(result.speeds.filter((speed) => speed < 1)).toHaveLength(5);
  });

  it("is the same run whatever it is measured by, which changes what measurements of it say", {
    timeout: 60_000,
  }, async () => {
    await kernels();
    await buildFold();
    const { runCell } = await import("./run_cell.ts");
    const [setting] = settingsOf({});
    const small = { ...setting!, data: () => ({ kind: "mnist", train: 1500, test: 100 }) as const };
    const config = configOf(small, rows[0]!, { ...cellOf(reference, "equal", 3), partition: "IID", clients: 10 });
    const order = { config, updates: 5, evaluateEvery: 5 };
    const [plain, macro] = [await runCell(order), await runCell({ ...order, metric: "macro-F1" })];
    const rest = (result: CellResult) => result.curve.map(({ accuracy: _, ...point }) => point);
    expect(rest(macro)).toEqual(rest(plain));
    macro.curve.forEach(({ accuracy }, i) => {
      expect(accuracy).not.toBe(plain.curve[i]!.accuracy);
      expect(accuracy).toBeCloseTo(plain.curve[i]!.accuracy, 1); // the classes are about as many as each other here
    });
    expect(macro.clientAccuracy).not.toEqual(plain.clientAccuracy);
    const isWhole = (value: number) => value === 1;
    expect(macro.clientAccuracy.map(isWhole)).toEqual(plain.clientAccuracy.map(isWhole));
  });
});
