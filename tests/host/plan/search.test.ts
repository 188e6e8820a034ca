// The subset search with contributions (Lin et al., NeurIPS 2022): biases of the last k layers and weights among them, against a search
// written here that tries every set; and the front of accuracy by bytes against the same.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import {
  type Contributions,
  gainOf,
  type Share,
  selectionOf,
  sharesOf,
  trainableLayers,
  weightRatios,
} from "../../../host/plan/choices.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { paretoFront, planForBudget, planTiers } from "../../../host/plan/select.ts";
import { type LayerShape, type ModelShape, shapeModel } from "../../../host/plan/shapes.ts";
import type { LayerSelection, Model, Selection } from "../../../host/plan/types.ts";
import { places } from "./bench.ts";
import { randomModel, sweep } from "./random_models.ts";

const smallModel = randomModel.filter((m) => {
  const count = trainableLayers(shapeModel(m)).length;
  return count >= 1 && count <= 3;
});

/** Gains from −0.1 to 0.4, drawn anew for every depth, layer and ratio. */
function drawn(shape: ModelShape, seed: number): Contributions {
  const random = seeded(seed);
  const gain = () => random() * 0.5 - 0.1;
  const layers = trainableLayers(shape);
  const gains = (layer: LayerShape) => new Map(weightRatios(shape, layer).map((ratio) => [ratio, gain()] as const));
  return { bias: [0, ...layers.map(gain)], weights: new Map(layers.map((layer) => [layer.index, gains(layer)])) };
}

/** Of so many first channels, as nothing ranks them here. */
const entry = (layer: number, channels: number, all: number): LayerSelection => {
  const first = Array.from({ length: channels }, (_, i) => i);
  return { layer, bias: true, weights: channels === 0 ? "none" : channels === all ? "all" : first };
};

/** Input channels: of a dense layer behind a flatten, those of the tensor before it. */
function channelsOf({ layers }: ModelShape, layer: LayerShape): number {
  let source = layer.input;
  if (layer.kind === "dense")
    for (let i = layer.index - 1; i >= 0 && layers[i]!.kind === "flatten"; i--) source = layers[i]!.input;
  return source.c;
}

interface Tried {
  selection: Selection;
  value: number;
  bytes: number;
}

/** Every k with every ratio of every layer's weights. */
function everything(model: Model, { bias, weights }: Contributions): Tried[] {
  const shape = shapeModel(model);
  const layers = shape.layers.filter((l) => l.parameters.length > 0);
  const tried: Tried[] = [];
  for (let k = 1; k <= layers.length; k++) {
    let sets: { selection: Selection; value: number }[] = [{ selection: [], value: bias[k]! }];
    for (const layer of layers.slice(layers.length - k)) {
      const all = channelsOf(shape, layer);
      const options = [{ entry: entry(layer.index, 0, all), value: 0 }];
      for (const [ratio, value] of weights.get(layer.index)!)
        options.push({ entry: entry(layer.index, ratio === 1 ? all : Math.round(ratio * all), all), value });
      sets = sets.flatMap((set) =>
        options.map((o) => ({ selection: [...set.selection, o.entry], value: set.value + o.value })),
      );
    }
    for (const set of sets)
      tried.push({ ...set, bytes: planModel(model, { selection: set.selection, stripes: "smallest" }).memoryBytes });
  }
  return tried;
}

const most = (tried: { value: number }[]) => Math.max(...tried.map((t) => t.value));
const share = fc.integer({ min: 0, max: 110 }).map((n) => n / 100);
const between = (tried: Tried[], at: number) => {
  const [least, largest] = [Math.min, Math.max].map((f) => f(...tried.map((t) => t.bytes))) as [number, number];
  return Math.round(least + at * (largest - least));
};

describe("a search with contributions", () => {
  it("finds the subset whose contributions add up to the most of all that fit", () => {
    fc.assert(
      fc.property(smallModel, fc.nat(0xffff), share, (model, seed, at) => {
        const shape = shapeModel(model);
        const contributions = drawn(shape, seed);
        const tried = everything(model, contributions);
        const budgetBytes = between(tried, at);
        const plan = planForBudget(model, { budgetBytes, contributions });
        expect(plan.memoryBytes).toBeLessThanOrEqual(budgetBytes);
        const shares = sharesOf(shape, plan.selection);
        expect(gainOf(contributions, shares)).toBeCloseTo(most(tried.filter((t) => t.bytes <= budgetBytes)), 9);
        // The biases are those of the last layers.
        const last = trainableLayers(shape).slice(-shares.length);
        expect(plan.selection.map((s) => [s.layer, s.bias])).toEqual(last.map((l) => [l.index, true]));
      }),
      sweep(60),
    );
  });

  it("gives fleets tiers inside each other", () => {
    fc.assert(
      fc.property(smallModel, fc.nat(0xffff), share, share, (model, seed, a, b) => {
        const contributions = drawn(shapeModel(model), seed);
        const tried = everything(model, contributions);
        const budgets = [between(tried, a), between(tried, b)].sort((x, y) => x - y);
        const [small, large] = planTiers(model, budgets, { contributions });
        const trained = new Set(places(large!));
        expect(places(small!).filter((c) => !trained.has(c))).toEqual([]);
      }),
      sweep(30),
    );
  });

  it("chooses no ratio that was not measured", () => {
    const model: Model = {
      name: "one",
      kind: "classifier",
      input: { shape: [16], type: "f32" },
      layers: [{ kind: "dense", units: 3 }],
    };
    const contributions = { bias: [0, 0.1], weights: new Map([[0, new Map([[1 / 4, 0.2]])]]) };
    const { selection } = planForBudget(model, { budgetBytes: 100_000, contributions });
    expect(selection).toEqual([{ layer: 0, bias: true, weights: [0, 1, 2, 3] }]);
  });
});

describe("the front of accuracy by bytes", () => {
  it("holds, for every budget, the best of all that fit, and nothing else", () => {
    fc.assert(
      fc.property(smallModel, fc.nat(0xffff), (model, seed) => {
        const contributions = drawn(shapeModel(model), seed);
        const tried = everything(model, contributions);
        const front = paretoFront(model, { contributions });
        front.forEach((point, i) => {
          const before = front[i - 1];
          if (before) expect(point.bytes > before.bytes && point.value > before.value).toBe(true);
          expect(planModel(model, { selection: point.selection, stripes: "smallest" }).memoryBytes).toBe(point.bytes);
          expect(gainOf(contributions, point.shares)).toBeCloseTo(point.value, 9);
        });
        for (const { bytes } of tried)
          expect(front.findLast((p) => p.bytes <= bytes)!.value).toBeCloseTo(
            most(tried.filter((t) => t.bytes <= bytes)),
            9,
          );
      }),
      sweep(30),
    );
  });
});

describe("a layer's shares", () => {
  const model: Model = {
    name: "shares",
    kind: "classifier",
    input: { shape: [9, 3], type: "f32" },
    layers: [
      { kind: "conv1d", filters: 8, kernel: 3 },
      { kind: "depthwise1d", kernel: 3 },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 2 },
    ],
  };
  const shape = shapeModel(model);

  it("are ratios of its channels, each number of channels once; a depthwise layer has one", () => {
    const ratiosOf = (index: number) => weightRatios(shape, shape.layers[index]!);
    expect(ratiosOf(0)).toEqual([1 / 4, 1 / 2, 1]); // an eighth of 3 channels is none; the others are 1, 2, 3
    expect(ratiosOf(1)).toEqual([1]);
    expect(ratiosOf(3)).toEqual([1 / 8, 1 / 4, 1 / 2, 1]);
  });

  it("train the strongest channels, and are known again by them", () => {
    const strong = [1, 4, 6, 7];
    const head = shape.parameters.find((p) => p.layer === 3 && p.role === "weights")!;
    const parameters = new Float32Array(shape.parameterCount).fill(0.5);
    for (let i = 0; i < head.count; i++) parameters[head.offset + i] = strong.includes(i % 8) ? -2 : 1;
    const shares: Share[] = [
      { layer: 1, ratio: 0 },
      { layer: 3, ratio: 1 / 2 },
    ];
    const selection = selectionOf(shape, shares, parameters);
    expect(selection).toEqual([
      { layer: 1, bias: true, weights: "none" },
      { layer: 3, bias: true, weights: strong },
    ]);
    expect(sharesOf(shape, selection)).toEqual(shares);
    expect(() => sharesOf(shape, [{ layer: 3, bias: true, weights: [0, 1, 2] }])).toThrow(/3 channels are no share/);
  });
});
