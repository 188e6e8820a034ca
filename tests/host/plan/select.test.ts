// Choosing what to train: never over the budget, the most valuable of all that fits (against a search of its own), tiers inside each other;
// and what is refused, in words that help.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { FtteError } from "../../../host/errors.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { summaryLines } from "../../../host/plan/report.ts";
import { planForBudget, planTiers } from "../../../host/plan/select.ts";
import { type LayerShape, shapeModel } from "../../../host/plan/shapes.ts";
import type { LayerSelection, Model, Plan, Selection } from "../../../host/plan/types.ts";
import type { UpdateEncoding } from "../../../host/plan/update_rows.ts";
import { Guest } from "../../../host/sim/guest.ts";
import { places } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { randomModel, sweep } from "./random_models.ts";

const thrown = (work: () => unknown): FtteError => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(FtteError);
    return error as FtteError;
  }
  throw new Error("nothing was refused");
};

/** A model of at most `most` layers with parameters, so that every selection can be tried. */
const smallModel = (most: number) =>
  randomModel.filter((m) => {
    const count = shapeModel(m).layers.filter((l) => l.parameters.length > 0).length;
    return count >= 1 && count <= most;
  });

const layersOf = (model: Model) => shapeModel(model).layers.filter((l) => l.parameters.length > 0);

/** Input channels of a layer: behind a flatten, those of the tensor before it. */
function channelsOf(model: Model, layer: LayerShape): number {
  const { layers } = shapeModel(model);
  let source = layer.input;
  for (let i = layer.index - 1; i >= 0 && model.layers[i]!.kind === "flatten"; i--) source = layers[i]!.input;
  return source.c;
}

/** All that may be chosen of a layer (Lin et al.: nothing, its bias, weights at a ratio of the channels), with its value. */
function choicesOf(model: Model, layer: LayerShape): { entry?: LayerSelection; value: number }[] {
  const last = model.layers.length - 1;
  const weights = layer.parameters.find((p) => p.role !== "bias")!;
  const whole = Math.sqrt(weights.count) * (1 + layer.index / Math.max(1, last));
  const one = { layer: layer.index, bias: true };
  const list: { entry?: LayerSelection; value: number }[] = [
    { value: 0 },
    { entry: { ...one, weights: "none" }, value: whole / 10 },
    { entry: { ...one, weights: "all" }, value: whole },
  ];
  const channels = channelsOf(model, layer);
  if (layer.kind === "dense" || layer.kind === "conv")
    for (const ratio of [1 / 8, 1 / 4, 1 / 2]) {
      const count = Math.round(ratio * channels);
      const entry = { ...one, weights: Array.from({ length: count }, (_, i) => i) };
      if (count > 0 && count < channels) list.push({ entry, value: whole * Math.sqrt(ratio) });
    }
  return list;
}

/** Every selection there is, with its value and the bytes that it needs. */
function everySelection(model: Model): { value: number; bytes: number }[] {
  let all: { selection: Selection; value: number }[] = [{ selection: [], value: 0 }];
  for (const layer of layersOf(model))
    all = all.flatMap(({ selection, value }) =>
      choicesOf(model, layer).map((c) => ({
        selection: c.entry ? [...selection, c.entry] : selection,
        value: value + c.value,
      })),
    );
  return all
    .filter(({ selection }) => selection.length > 0)
    .map(({ selection, value }) => ({
      value,
      bytes: planModel(model, { selection, stripes: "smallest" }).memoryBytes,
    }));
}

function worthOf(model: Model, plan: Plan): number {
  return plan.selection.reduce((sum, entry) => {
    const layer = shapeModel(model).layers[entry.layer]!;
    const same = (c: { entry?: LayerSelection }) => JSON.stringify(c.entry) === JSON.stringify(entry);
    const values = choicesOf(model, layer)
      .filter(same)
      .map((c) => c.value); // two ratios may come to the same channels
    if (values.length === 0) throw new Error(`${JSON.stringify(entry)} is none of the choices`);
    return sum + Math.max(...values);
  }, 0);
}

describe("a plan for a budget", () => {
  it("never exceeds it, and is the most valuable of all that fit", () => {
    let refused = 0;
    fc.assert(
      fc.property(
        smallModel(3),
        fc.integer({ min: -30, max: 110 }).map((n) => n / 100),
        (model, share) => {
          const all = everySelection(model);
          const [least, most] = [Math.min, Math.max].map((f) => f(...all.map((s) => s.bytes))) as [number, number];
          const budgetBytes = Math.round(least + share * (most - least));
          const fitting = all.filter((s) => s.bytes <= budgetBytes);
          if (fitting.length === 0) {
            refused++;
            const { code, message } = thrown(() => planForBudget(model, { budgetBytes }));
            expect(code).toBe("plan-too-large");
            expect(message).toContain(
              `in an arena of ${budgetBytes} bytes; the smallest plan needs ${least}, ${least - budgetBytes} more`,
            );
            return;
          }
          const plan = planForBudget(model, { budgetBytes });
          expect(plan.memoryBytes).toBeLessThanOrEqual(budgetBytes);
          expect(worthOf(model, plan)).toBeCloseTo(Math.max(...fitting.map((s) => s.value)), 9);
        },
      ),
      sweep(80),
    );
    expect(refused).toBeGreaterThan(2);
  });

  it("takes contributions that were measured instead of ours", () => {
    const model = referenceModels["image-cnn"] as Model;
    const budgetBytes = 14_000; // one of the layers, not all
    for (const layer of [0, 1]) {
      const gains = (l: number) => new Map([1 / 8, 1 / 4, 1 / 2, 1].map((ratio) => [ratio, l === layer ? 0.5 : 1e-3]));
      const contributions = { bias: [0, 1e-3, 2e-3, 3e-3], weights: new Map([0, 1, 2].map((l) => [l, gains(l)])) };
      const { selection } = planForBudget(model, { budgetBytes, contributions });
      expect(selection.find((s) => s.layer === layer)!.weights).not.toBe("none");
    }
  });

  it("takes the channels whose weights are strongest", () => {
    const model: Model = {
      name: "wide",
      kind: "classifier",
      input: { shape: [64], type: "f32" },
      layers: [{ kind: "dense", units: 32 }],
    };
    const strong = [2, 7, 11, 14, 30, 31, 47, 63]; // an eighth of them
    const parameters = Float32Array.from({ length: 64 * 32 + 32 }, (_, i) => (strong.includes(i % 64) ? -5 : 1));
    const strongest: Selection = [{ layer: 0, bias: true, weights: strong }];
    const budgetBytes = planModel(model, { selection: strongest }).memoryBytes;
    expect(planForBudget(model, { budgetBytes, parameters }).selection).toEqual(strongest);
  });

  it("is found for a model of many layers too, the earliest of which are left alone", { timeout: 120_000 }, () => {
    const layers = Array.from({ length: 18 }, () => ({ kind: "dense", units: 2 }) as const);
    const model: Model = { name: "deep", kind: "classifier", input: { shape: [2], type: "f32" }, layers };
    const { memoryBytes } = planModel(model, { selection: "all" });
    const plan = planForBudget(model, { budgetBytes: Math.round(memoryBytes * 0.9) });
    expect(plan.memoryBytes).toBeLessThanOrEqual(memoryBytes * 0.9);
    expect(plan.selection.some((s) => s.layer === 17 && s.weights === "all")).toBe(true);
    expect(planForBudget(model, { budgetBytes: memoryBytes }).selection.length).toBeGreaterThan(8);
  });
});

describe("tiers", () => {
  it("each fit their budget, and a smaller one trains nothing that a larger one does not", () => {
    fc.assert(
      fc.property(
        smallModel(3),
        fc.array(
          fc.integer({ min: 0, max: 100 }).map((n) => n / 100),
          { minLength: 1, maxLength: 4 },
        ),
        (model, shares) => {
          const all = everySelection(model).map((s) => s.bytes);
          const [least, most] = [Math.min(...all), Math.max(...all)];
          const budgets = shares.map((share) => Math.round(least + share * (most - least)));
          const plans = planTiers(model, budgets, {});
          expect(plans.map((p, i) => p.memoryBytes <= budgets[i]!)).toEqual(budgets.map(() => true));
          plans.forEach((small, i) => {
            plans.forEach((large, k) => {
              if (budgets[i]! > budgets[k]!) return;
              const trained = new Set(places(large));
              expect(places(small).filter((c) => !trained.has(c))).toEqual([]);
              if (budgets[i] === budgets[k]) expect(small).toBe(large);
            });
          });
        },
      ),
      sweep(60),
    );
  });

  it("of the demo's two classes of boards are really two", () => {
    const [large, small] = planTiers(referenceModels["image-cnn"] as Model, [60_000, 19_500], {}) as [Plan, Plan];
    expect(large.sliceCount).toBe(large.parameterCount);
    expect(small.sliceCount).toBeLessThan(large.sliceCount);
    expect(small.memoryBytes).toBeLessThanOrEqual(19_500);
  });
});

describe("the reference models", async () => {
  const wasm = await kernels();
  const trainings = [
    {},
    { momentum: 0.9 },
    { microBatch: 4 },
    { momentum: 0.5, microBatch: 2, clipNorm: 1, weightDecay: 0.01 },
  ];
  const selections = ["all", "head", "bias", "none"] as const;

  it.each(Object.values(referenceModels) as Model[])("are packed as tightly as anything could: $name", (model) => {
    for (const selection of selections)
      for (const training of trainings) {
        const plan = planModel(model, { selection, training });
        expect([selection, training, plan.memoryBytes - plan.lowerBoundBytes]).toEqual([selection, training, 0]);
        expect(summaryLines(plan, "int8")[0]).toContain(`arena ${plan.memoryBytes} bytes`);
        expect(summaryLines(plan, "int8")[0]).toContain("no packing can need less");
        expectTight(plan);
      }
  });

  it("say what a round carries, by the encoding of its updates", () => {
    const plan = planModel(referenceModels["motion-cnn"] as Model, { selection: "all" });
    const perRound = (encoding: UpdateEncoding) => {
      const [, down, up] = /per round (\d+) bytes down, (\d+) up/.exec(summaryLines(plan, encoding)[2]!)!;
      return { down: Number(down), up: Number(up) };
    };
    const { sliceCount } = plan;
    const [f32, int8, int4] = [perRound("f32"), perRound("int8"), perRound("int4")];
    const topK = perRound({ topK: 32 });
    expect(f32.up / (4 * sliceCount)).toBeCloseTo(1.05, 1);
    expect(f32.down / (4 * sliceCount)).toBeCloseTo(1.05, 1);
    expect(int8.up).toBeGreaterThan(sliceCount);
    expect(int8.up).toBeLessThan(f32.up / 2);
    expect(topK.up).toBeLessThan(int8.up / 2);
    expect(topK.down).toBe(int8.down);
    for (const way of ["down", "up"] as const) {
      expect(int4[way]).toBeGreaterThan(sliceCount / 2);
      expect(int4[way]).toBeLessThan(0.65 * int8[way]);
    }
  });

  it("say how far from the lower bound a plan is that is not", () => {
    const plan = planModel(referenceModels["motion-cnn"] as Model, { selection: "all" });
    expect(summaryLines({ ...plan, lowerBoundBytes: plan.memoryBytes - 12 }, "int8")[0]).toContain(
      "12 above the lower bound",
    );
  });

  it("are accepted by the guest in the memory that was planned", () => {
    for (const model of Object.values(referenceModels) as Model[]) {
      const plan = planModel(model, { selection: "all" });
      const guest = new Guest(wasm, plan.binary, {
        frozen: new Uint8Array(plan.frozenBytes),
        slice: new Float32Array(plan.sliceCount),
      });
      expect(guest.header.memoryBytes).toBe(plan.memoryBytes);
    }
  });
});

/** No two tensors share a byte at a time, all lie in the arena, and at some moment it is full. */
function expectTight(plan: Plan): void {
  const end = Math.max(...plan.tensors.map((t) => t.to));
  let fullest = 0;
  for (let time = 0; time <= end; time++) {
    const alive = plan.tensors.filter((t) => t.from <= time && time <= t.to).sort((a, b) => a.offset - b.offset);
    alive.forEach((t, i) => {
      const next = alive[i + 1]?.offset ?? plan.memoryBytes;
      if (t.offset + t.bytes > next)
        expect.fail(`${t.name} runs into ${alive[i + 1]?.name ?? "the arena's end"} at op ${time}`);
    });
    fullest = Math.max(
      fullest,
      alive.reduce((sum, t) => sum + t.bytes, 0),
    );
  }
  expect(fullest).toBe(plan.memoryBytes);
}

describe("a plan that does not fit", () => {
  it("is refused with its largest tensor, the bytes over, and what to ask for", () => {
    const model = referenceModels["image-cnn"] as Model;
    const plan = planModel(model, { selection: "all" });
    const largest = plan.tensors.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    const { code, message } = thrown(() => planModel(model, { selection: "all", budgetBytes: plan.memoryBytes - 100 }));
    expect(code).toBe("plan-too-large");
    expect(message).toBe(
      `model image-cnn needs an arena of ${plan.memoryBytes} bytes, 100 over the budget of ${plan.memoryBytes - 100}; ` +
        `its largest tensor is ${largest.name} (${largest.bytes} bytes). Train less of it: ` +
        `"ftte plan --budget ${plan.memoryBytes - 100}" shows what fits`,
    );
    expect(planModel(model, { selection: "all", budgetBytes: plan.memoryBytes }).memoryBytes).toBe(plan.memoryBytes);
  });
});

describe("a selection", () => {
  const model: Model = {
    name: "mixed",
    kind: "classifier",
    input: { shape: [8, 3], type: "f32" },
    layers: [
      { kind: "conv1d", filters: 4, kernel: 3 },
      { kind: "depthwise1d", kernel: 3 },
      { kind: "scaleBias" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 2 },
    ],
  };
  const one = (layer: number, weights: LayerSelection["weights"], bias = true): Selection => [{ layer, bias, weights }];

  const mistakes: [what: string, selection: Selection, message: RegExp][] = [
    ["a layer without parameters", one(3, "all"), /names layer 3, which has nothing to train/],
    ["a layer that is not there", one(9, "all"), /names layer 9, which has nothing to train/],
    ["a layer twice", [...one(4, "all"), ...one(4, "none")], /names layer 4 twice/],
    ["a channel past the last", one(0, [0, 3]), /picks a channel of layer 0 outside 0\.\.2/],
    ["a negative channel", one(4, [-1]), /picks a channel of layer 4 outside 0\.\.3/],
    ["channels of a depthwise layer", one(1, [0]), /picks channels of layer 1, but a depthwise layer is trained whole/],
    ["channels of a scale", one(2, [0]), /picks channels of layer 2, but a scaleBias layer is trained whole/],
  ];
  it.each(mistakes)("with %s is refused by name", (_what, selection, message) => {
    const { code, message: text } = thrown(() => planModel(model, { selection }));
    expect(code).toBe("model-invalid");
    expect(text).toMatch(/^model mixed: the selection /);
    expect(text).toMatch(message);
  });

  const normal: [what: string, given: Selection, becomes: Selection][] = [
    ["weights imply their bias", one(4, "all", false), one(4, "all")],
    ["some weights imply their bias", one(4, [1], false), one(4, [1])],
    ["channels are sorted, each once", one(4, [3, 1, 3]), one(4, [1, 3])],
    ["all channels are all", one(0, [2, 0, 1]), one(0, "all")],
    ["no channels are none", one(0, []), one(0, "none")],
    ["nothing of a layer is left out", [...one(0, "none", false), ...one(4, "none")], one(4, "none")],
  ];
  it.each(normal)("is put in order: %s", (_what, given, becomes) => {
    expect(planModel(model, { selection: given }).selection).toEqual(becomes);
  });

  it("has names: everything, nothing, the head, and every bias with the head", () => {
    const named = (selection: "all" | "none" | "head" | "bias") =>
      planModel(model, { selection }).selection.map((s) => `${s.layer} ${s.weights}`);
    expect(named("all")).toEqual(["0 all", "1 all", "2 all", "4 all"]);
    expect(named("none")).toEqual([]);
    expect(named("head")).toEqual(["4 all"]);
    expect(named("bias")).toEqual(["0 none", "1 none", "2 none", "4 all"]);
  });

  it("trains exactly the coordinates that it names", () => {
    const random = seeded(3);
    for (let i = 0; i < 20; i++) {
      const channels = [0, 1, 2, 3].filter(() => random() < 0.5);
      const plan = planModel(model, { selection: one(4, channels) });
      const weights = shapeModel(model).parameters.find((p) => p.layer === 4 && p.role === "weights")!;
      const bias = shapeModel(model).parameters.find((p) => p.layer === 4 && p.role === "bias")!;
      const expected = [0, 1].flatMap((o) => channels.map((c) => weights.offset + o * 4 + c));
      expect(places(plan).sort((a, b) => a - b)).toEqual([...expected, bias.offset, bias.offset + 1]);
    }
  });
});
