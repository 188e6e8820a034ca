// Evaluation against the f64 interpreter of the model, sample by sample; the first model; and the worker that evaluates beside the loop.

import { describe, expect, it } from "vitest";
import { normalisationOf } from "../../../host/data/dataset.ts";
import { seeded } from "../../../host/data/random.ts";
import type { Dataset } from "../../../host/data/types.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Model } from "../../../host/plan/types.ts";
import { ModelEvaluator, macroF1 } from "../../../host/sim/evaluate.ts";
import { Evaluator } from "../../../host/sim/evaluator.ts";
import { Guest } from "../../../host/sim/guest.ts";
import { pretrain } from "../../../host/sim/pretrain.ts";
import { Region } from "../../../host/wire/spec.gen.ts";
import { kernels } from "../plan/kernels.ts";
import { forward, loss, softmax } from "../plan/reference.ts";

const wasm = await kernels();

const classifier: Model = {
  name: "gestures",
  kind: "classifier",
  input: { shape: [5, 3], type: "i16" },
  layers: [
    { kind: "conv1d", filters: 4, kernel: 3, activation: "relu" },
    { kind: "dense", units: 3 },
  ],
};
const autoencoder: Model = {
  name: "baseline",
  kind: "autoencoder",
  input: { shape: [7], type: "u8" },
  layers: [
    { kind: "dense", units: 3, activation: "tanh" },
    { kind: "dense", units: 7 },
  ],
};

/** Three classes of noisy levels: easy to learn. Odd sample sizes, so that padding counts. */
function samples(model: Model, count: number, seed: number): Dataset {
  const random = seeded(seed);
  const n = model.input.shape.reduce((a, b) => a * b, 1);
  const elements = model.input.type === "u8" ? new Uint8Array(count * n) : new Int16Array(count * n);
  const labels = Uint16Array.from({ length: count }, () => Math.floor(random() * 3));
  for (let i = 0; i < elements.length; i++)
    elements[i] = 60 + 50 * Math.sin(labels[Math.floor(i / n)]! * 2 + (i % n)) + random() * 30;
  const shape = model.input.shape.length === 1 ? [n, 1] : model.input.shape;
  return {
    name: "made",
    shape,
    type: model.input.type,
    count,
    elements,
    labels,
    users: labels,
    classes: ["a", "b", "c"],
  };
}

function setOf(model: Model, count = 60) {
  const data = samples(model, count, 3);
  const channels = model.input.shape.at(-1)!;
  const { scale, offset } = normalisationOf(data);
  const spread = (list: number[]) => Array.from({ length: channels }, (_, c) => Math.fround(list[c % list.length]!));
  return { model, data, normalisation: { scale: spread(scale), offset: spread(offset) } };
}

/** A sample as the judge reads it: normalised in f64. */
function inputOf({ data, normalisation, model }: ReturnType<typeof setOf>, i: number): Float64Array {
  const n = data.elements.length / data.count;
  const channels = model.input.shape.at(-1)!;
  return Float64Array.from(
    data.elements.subarray(i * n, (i + 1) * n),
    (v, k) => v * normalisation.scale[k % channels]! + normalisation.offset[k % channels]!,
  );
}

describe("evaluating a classifier", () => {
  const set = setOf(classifier);
  const evaluator = new ModelEvaluator(wasm, set);

  it("counts right answers, and takes the mean of the log losses, as the f64 interpreter does; for one model after the other", () => {
    for (const seed of [1, 2, 3]) {
      const parameters = initialise(shapeModel(classifier), seeded(seed));
      const confusion = [0, 0, 0].map(() => [0, 0, 0]);
      let logLoss = 0;
      for (let i = 0; i < set.data.count; i++) {
        const p = softmax(forward(classifier, Float64Array.from(parameters), inputOf(set, i)).data);
        confusion[set.data.labels[i]!]![p.indexOf(Math.max(...p))]!++;
        logLoss -= Math.log(p[set.data.labels[i]!]!);
      }
      const metrics = evaluator.evaluate(parameters);
      expect(metrics.confusion).toEqual(confusion);
      expect(metrics.accuracy).toBe((confusion[0]![0]! + confusion[1]![1]! + confusion[2]![2]!) / set.data.count);
      expect(metrics.loss).toBeCloseTo(logLoss / set.data.count, 5);
    }
  });

  it("gives no answer for no data, and no NaN", () => {
    const empty = new ModelEvaluator(wasm, { ...set, data: samples(classifier, 0, 1) });
    expect(empty.evaluate(initialise(shapeModel(classifier), seeded(1)))).toMatchObject({ accuracy: 0, loss: 0 });
  });
});

describe("evaluating an autoencoder", () => {
  it("takes the mean reconstruction error, and 1 / (1 + error) for an accuracy", () => {
    const set = setOf(autoencoder);
    const parameters = initialise(shapeModel(autoencoder), seeded(5));
    let error = 0;
    for (let i = 0; i < set.data.count; i++)
      error += loss(autoencoder, Float64Array.from(parameters), inputOf(set, i), 0) / set.data.count;
    const metrics = new ModelEvaluator(wasm, set).evaluate(parameters);
    expect(metrics.loss).toBeCloseTo(error, 4);
    expect(metrics.accuracy).toBeCloseTo(1 / (1 + error), 5);
  });
});

describe("macro-F1", () => {
  it("is the mean over classes of 2·precision·recall / (precision + recall)", () => {
    // Class 0: precision 5/6, recall 5/8; class 1: precision 3/6, recall 3/4; class 2: nothing right.
    const confusion = [
      [5, 3, 0],
      [1, 3, 0],
      [0, 0, 0],
    ];
    const f1 = (precision: number, recall: number) => (2 * precision * recall) / (precision + recall);
    expect(macroF1(confusion)).toBeCloseTo((f1(5 / 6, 5 / 8) + f1(3 / 6, 3 / 4) + 0) / 3, 12);
    expect(macroF1([])).toBe(0);
  });
});

describe("the first model", () => {
  const set = setOf(classifier, 90);
  const options = { epochs: 15, learningRate: 0.05, seed: 4 };

  it("learns the host's own data, the same from the same seed, and another from another", () => {
    const trained = pretrain(wasm, classifier, set.data, set.normalisation, options);
    const evaluator = new ModelEvaluator(wasm, set);
    expect(evaluator.evaluate(trained).accuracy).toBeGreaterThan(0.95);
    expect(pretrain(wasm, classifier, set.data, set.normalisation, options)).toEqual(trained);
    expect(pretrain(wasm, classifier, set.data, set.normalisation, { ...options, seed: 5 })).not.toEqual(trained);
  });

  it("is random where there is no data or nothing to do", () => {
    const random = initialise(shapeModel(classifier), seeded(1));
    const untrained = pretrain(wasm, classifier, set.data, set.normalisation, { ...options, epochs: 0 });
    expect(untrained.length).toBe(random.length);
    expect(new Set(untrained).size).toBeGreaterThan(20);
    expect(pretrain(wasm, classifier, samples(classifier, 0, 1), set.normalisation, options)).toEqual(untrained);
  });
});

describe("the kernels in Node", () => {
  it("take a region of the size that it had, and no other: what is longer would run over its neighbour", () => {
    const plan = planModel(classifier, { selection: "all" });
    const guest = new Guest(wasm, plan.binary, {
      frozen: new Uint8Array(plan.frozenBytes),
      slice: new Float32Array(plan.sliceCount),
    });
    guest.load(Region.slice, new Float32Array(plan.sliceCount));
    for (const count of [plan.sliceCount + 1, plan.sliceCount - 1, 0])
      expect(() => guest.load(Region.slice, new Float32Array(count))).toThrow(RangeError);
    expect(() => guest.load(Region.delta, new Uint8Array(4))).toThrow(/holds nothing/);
  });

  it("refuse a plan that is none, by the board's own error", () => {
    const plan = planModel(classifier, { selection: "all" });
    const damaged = plan.binary.slice();
    damaged[0]! ^= 1;
    expect(() => new Guest(wasm, damaged)).toThrow(expect.objectContaining({ code: "plan" }));
  });
});

describe("the worker", () => {
  const set = setOf(classifier);
  const parameters = initialise(shapeModel(classifier), seeded(1));

  it("gives what is measured without it, again and again, and leaves the parameters to their owner", async () => {
    const evaluator = new Evaluator(wasm, set);
    const expected = new ModelEvaluator(wasm, set).evaluate(parameters);
    for (let i = 0; i < 3; i++) expect(await evaluator.evaluate(parameters)).toEqual(expected);
    expect(parameters.length).toBeGreaterThan(0);
    await evaluator.close();
  });

  it("rejects when it cannot start, also when nobody asked yet, and every time after that", async () => {
    const broken = new Evaluator(wasm, { ...set, model: { ...classifier, layers: [] } });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it may die while nobody listens
    for (let i = 0; i < 2; i++) await expect(broken.evaluate(parameters)).rejects.toThrow(/has no layers/);
    await broken.close();
  });

  it("rejects what is being measured when it is closed", async () => {
    const evaluator = new Evaluator(wasm, set);
    const running = evaluator.evaluate(parameters);
    const outcome = running.then(
      () => "measured",
      (error: Error) => error.message,
    );
    await evaluator.close();
    expect(["measured", "the evaluation was ended"]).toContain(await outcome);
  });
});
