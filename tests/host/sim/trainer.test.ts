// The simulator's short cuts against the judge that takes none (runBoardTask, itself held to the firmware): random models, selections and
// training options, several boards and tasks in turn, frozen weights that change, residuals that come and go. Every byte must be equal.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normal, seeded } from "../../../host/data/random.ts";
import { packFrozen } from "../../../host/plan/frozen.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import { gatherSlice } from "../../../host/plan/slice.ts";
import type { Model, Plan, TrainingOptions } from "../../../host/plan/types.ts";
import { runBoardTask } from "../../../host/sim/board_task.ts";
import { splitPlan } from "../../../host/sim/frozen_prefix.ts";
import { type Job, type TrainedBoard, Trainer } from "../../../host/sim/trainer.ts";
import { kernels } from "../plan/kernels.ts";
import { picks, randomModel, selectionFrom, sweep, trainingOptions } from "../plan/random_models.ts";

const wasm = await kernels();

function boardOf(plan: Plan, count: number, random: () => number): TrainedBoard {
  const { shape, type } = plan.model.input;
  const n = shape.reduce((a, b) => a * b, 1);
  const stride = (n * { u8: 1, i16: 2, f32: 4 }[type] + 3) & ~3;
  const samples = new Uint8Array(count * stride);
  for (let i = 0; i < count; i++) {
    const values = Array.from({ length: n }, () => normal(random));
    const typed =
      type === "f32"
        ? Float32Array.from(values)
        : type === "i16"
          ? Int16Array.from(values, (v) => v * 100)
          : Uint8Array.from(values, (v) => 128 + v * 30);
    samples.set(new Uint8Array(typed.buffer), i * stride);
  }
  const classes = shapeModel(plan.model).layers.at(-1)!.output.c;
  return { plan, samples, labels: Uint16Array.from({ length: count }, () => Math.floor(random() * classes)) };
}

/** Two boards, several tasks each, in turn. */
function expectEqual(plan: Plan, training: TrainingOptions, seed: number): void {
  const random = seeded(seed);
  const boards = [boardOf(plan, 5, random), boardOf(plan, 3, random)];
  const trainer = new Trainer(wasm, boards, training);
  const channels = plan.model.input.shape.at(-1)!;
  const normalisation = {
    scale: Array.from({ length: channels }, () => 0.5 + random()),
    offset: Array.from({ length: channels }, () => random() - 0.5),
  };
  const residuals: (Float32Array | undefined)[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const board = turn % 2;
    // The frozen weights are refreshed between the second turn and the third.
    const parameters = initialise(shapeModel(plan.model), seeded(seed + Math.floor(turn / 3)));
    const carried = residuals[board];
    const state = {
      frozen: packFrozen(plan, parameters, normalisation),
      slice: gatherSlice(plan, parameters),
      ...(carried && { residual: carried }),
    };
    // Between quantised updates, of which the later carries what the earlier left, one in f32.
    const encoding = ([{ topK: 32 }, "int4", "f32", { topK: 192 }, "int8"] as const)[turn]!;
    const named = { run: 7, task: turn + 1, baseVersion: turn, seed: seed * 31 + turn };
    const task = { ...named, steps: 7, learningRate: 0.05, encoding };
    const job: Job = { ...state, ...task, board };
    const expected = runBoardTask(wasm, { ...boards[board]!, ...state }, task);
    const actual = trainer.train(job);
    expect(Buffer.from(actual.bytes).equals(expected.bytes), `turn ${turn}`).toBe(true);
    const bits = (residual?: Float32Array) => residual && new Uint32Array(residual.buffer);
    expect(bits(actual.residual)).toEqual(bits(expected.residual));
    expect(expected.residual === undefined).toBe(encoding === "f32");
    residuals[board] = expected.residual ?? carried;
  }
}

describe("a trainer", () => {
  it("gives the updates of boards that take no short cut, whatever is frozen", () => {
    const cases = fc.tuple(randomModel, picks, trainingOptions, fc.nat(1e6));
    let split = 0;
    const check = ([model, picked, training, seed]: [Model, number[], TrainingOptions, number]) => {
      const plan = planModel(model, { selection: selectionFrom(model, picked), training });
      if (plan.sliceCount === 0) return;
      if (splitPlan(plan, training)) split++;
      expectEqual(plan, training, seed);
    };
    fc.assert(fc.property(cases, check), sweep(60));
    expect(split).toBeGreaterThan(5);
  });

  it.each(Object.keys(referenceModels) as (keyof typeof referenceModels)[])(
    "gives them of %s, with its frozen layers in stripes on the board",
    (name) => {
      const model: Model = referenceModels[name];
      for (const selection of ["head", "bias", "all"] as const)
        expectEqual(planModel(model, { selection, stripes: "smallest" }), {}, 11);
    },
  );

  it("asks the frozen layers once for each sample", () => {
    const plan = planModel(referenceModels["image-cnn"], { selection: "head" });
    const split = splitPlan(plan)!;
    expect(split.rest.model.layers).toHaveLength(1);
    expect(split.rest.macs.forward).toBeLessThan(plan.macs.forward / 20);
    expect(splitPlan(planModel(referenceModels["image-cnn"], { selection: "all" }))).toBeUndefined();
  });
});
