// What training each part is worth: proxy data in three parts that share nobody, gains that are differences of accuracies, seed by seed, and
// the same again from the same seeds; fine-tuning that moves what it may and nothing else.

import { describe, expect, it } from "vitest";
import { normalisationOf, subset } from "../../../host/data/dataset.ts";
import { seeded } from "../../../host/data/random.ts";
import type { Dataset } from "../../../host/data/types.ts";
import { trainableLayers, weightRatios } from "../../../host/plan/choices.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Model } from "../../../host/plan/types.ts";
import { contributionsOf, measure, ProxyTask, proxyParts } from "../../../host/sim/contributions.ts";
import { ModelEvaluator } from "../../../host/sim/evaluate.ts";
import { fineTune, pretrain } from "../../../host/sim/pretrain.ts";
import { places } from "../plan/bench.ts";
import { kernels } from "../plan/kernels.ts";

const wasm = await kernels();

const model: Model = {
  name: "gestures",
  kind: "classifier",
  input: { shape: [6, 2], type: "f32" },
  layers: [
    { kind: "conv1d", filters: 8, kernel: 3, activation: "relu" },
    { kind: "globalAveragePool" },
    { kind: "dense", units: 8, activation: "relu" },
    { kind: "dense", units: 3 },
  ],
};

/** Three classes of waves in much noise, so that accuracies lie between chance and all; `people` take turns, or are not told. */
function waves(count: number, people: number): Dataset {
  const random = seeded(3);
  const labels = Uint16Array.from({ length: count }, (_, i) => (i * 7) % 3);
  const elements = Float32Array.from({ length: count * 12 }, (_, k) => {
    const label = labels[Math.floor(k / 12)]!;
    return Math.sin((k % 12) * (label + 1) * 0.7) + 3 * (random() - 0.5);
  });
  const users = Uint16Array.from({ length: count }, (_, i) => (people ? 1 + (i % people) : 0));
  return { name: "waves", shape: [6, 2], type: "f32", count, elements, labels, users, classes: ["a", "b", "c"] };
}

const host = waves(600, 0);
const setting = {
  model,
  normalisation: normalisationOf(host),
  firstModel: { epochs: 1, learningRate: 0.02 },
  training: {},
  learningRate: 0.02,
  epochs: 2,
};

describe("proxy data", () => {
  const keyOf = (data: Dataset, i: number) => data.elements.subarray(i * 12, i * 12 + 12).join();
  const keysOf = (data: Dataset) => Array.from({ length: data.count }, (_, i) => keyOf(data, i));

  it("is cut in three: half, three tenths, a fifth, every sample once", () => {
    const { first, tune, held } = proxyParts(host, seeded(1));
    expect([first.count, tune.count, held.count]).toEqual([300, 180, 120]);
    const all = [first, tune, held].flatMap(keysOf);
    expect(new Set(all).size).toBe(600);
    expect(all.sort()).toEqual(keysOf(host).sort());
  });

  it("has each person in one part only, as long as there are people enough", () => {
    const parts = Object.values(proxyParts(waves(600, 10), seeded(1)));
    const people = parts.map((part) => new Set(part.users));
    expect(people.map((p) => p.size)).toEqual([5, 3, 2]);
    expect(new Set(people.flatMap((p) => [...p])).size).toBe(10);
    const two = Object.values(proxyParts(waves(600, 2), seeded(1)));
    expect(two.map((part) => part.count)).toEqual([300, 180, 120]); // the second person is on both sides: nobody else is left
  });

  it("that cannot be cut in three is refused", () => {
    for (const count of [1, 2])
      expect(() => proxyParts(subset(host, Array(count).fill(0)), seeded(1))).toThrow(
        expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(/samples is too small/) }),
      );
  });
});

describe("fine-tuning", () => {
  const before = pretrain(wasm, model, host, setting.normalisation, { epochs: 1, learningRate: 0.02, seed: 2 });
  const options = { epochs: 3, learningRate: 0.02, seed: 2 };

  it.each(["head", "bias", "all"] as const)(
    "of %s moves what that trains and nothing else, to a smaller loss",
    (selection) => {
      const plan = planModel(model, { selection });
      const start = before.slice();
      const after = fineTune(wasm, plan, start, host, setting.normalisation, options);
      expect(start).toEqual(before);
      const moved = [...after.keys()].filter((i) => after[i] !== before[i]);
      const trained = new Set(places(plan));
      expect(moved.filter((i) => !trained.has(i))).toEqual([]);
      expect(moved.length).toBeGreaterThan(trained.size / 2);
      const evaluator = new ModelEvaluator(wasm, { model, data: host, normalisation: setting.normalisation });
      expect(evaluator.evaluate(after).loss).toBeLessThan(evaluator.evaluate(before).loss);
    },
  );

  it("of no epochs is a copy", () => {
    const plan = planModel(model, { selection: "head" });
    expect(fineTune(wasm, plan, before, host, setting.normalisation, { ...options, epochs: 0 })).toEqual(before);
  });
});

describe("contributions", () => {
  const proxies = [5, 6].map((seed) => new ProxyTask(wasm, setting, host, seed));
  const measured = measure(model, proxies);
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  it("are the accuracy gained: by biases over the first model, by weights over the biases from their layer on", () => {
    const gain = (after: { layer: number; ratio: number }[], over?: { layer: number; ratio: number }[]) =>
      proxies.map((p) => p.accuracyOf(after) - (over ? p.accuracyOf(over) : p.before));
    const bias = (layer: number) => ({ layer, ratio: 0 });
    const biasOfTwo = gain([bias(2), bias(3)]);
    expect(measured.bias[1]).toEqual({
      depth: 2,
      gain: { mean: mean(biasOfTwo), least: Math.min(...biasOfTwo), most: Math.max(...biasOfTwo) },
    });
    const half = gain([{ layer: 2, ratio: 1 / 2 }, bias(3)], [bias(2), bias(3)]);
    const found = measured.weights.find((w) => w.layer === 2 && w.ratio === 1 / 2)!;
    expect(found.gain).toEqual({ mean: mean(half), least: Math.min(...half), most: Math.max(...half) });
    expect(measured.before.mean).toBeCloseTo(mean(proxies.map((p) => p.before)), 12);
  });

  it("cover every depth, and every ratio of every layer, and are told one by one", () => {
    const shape = shapeModel(model);
    const layers = trainableLayers(shape);
    const { bias, weights } = contributionsOf(measured);
    expect(bias).toEqual([0, ...measured.bias.map((b) => b.gain.mean)]);
    expect(bias).toHaveLength(layers.length + 1);
    for (const layer of layers) expect([...weights.get(layer.index)!.keys()]).toEqual(weightRatios(shape, layer));
    const told: number[] = [];
    measure(model, proxies.slice(0, 1), (done, all) => told.push(done, all));
    expect(told.filter((_, i) => i % 2 === 0)).toEqual(Array.from({ length: told[1]! }, (_, i) => i + 1));
  });

  it("are the same from the same seeds, and others from others", () => {
    const again = (seed: number) => measure(model, [new ProxyTask(wasm, setting, host, seed)]);
    expect(again(5)).toEqual(again(5));
    expect(again(5)).not.toEqual(again(6));
  });

  it("tell what matters: from random weights the head's are worth much, its bias alone nothing", () => {
    const random = { ...setting, firstModel: { epochs: 0, learningRate: 0.02 }, learningRate: 0.05, epochs: 8 };
    const { bias, weights } = measure(
      model,
      [1, 2, 3].map((seed) => new ProxyTask(wasm, random, host, seed)),
    );
    expect(Math.abs(bias[0]!.gain.mean)).toBeLessThan(0.06);
    expect(weights.find((w) => w.layer === 3 && w.ratio === 1)!.gain.mean).toBeGreaterThan(0.12);
  });
});
