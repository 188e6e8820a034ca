// Models computed in stripes: the same bits as computed whole, in the guest, for random models, selections and options, over every way to
// stripe them; and that the reference models need as little RAM so as they are meant to.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PlanOptions, planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { normaliseSelection } from "../../../host/plan/selection.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import { type Stripes, stripings } from "../../../host/plan/stripes.ts";
import type { ActivationName, Layer, Model, Selection } from "../../../host/plan/types.ts";
import { decodePlanHeader, ops } from "../../../host/wire/spec.gen.ts";
import { bench } from "./bench.ts";
import { kernels } from "./kernels.ts";
import { picks, selectionFrom, sweep, trainingOptions } from "./random_models.ts";

const wasm = await kernels();
const slidingKinds: Layer["kind"][] = [
  "activation",
  "averagePool1d",
  "averagePool2d",
  "conv1d",
  "conv2d",
  "depthwise1d",
  "depthwise2d",
  "maxPool1d",
  "maxPool2d",
  "scaleBias",
];
const seeds = fc.integer({ min: 1, max: 1e6 });

const bitsOf = (values: Float32Array) => [...new Uint32Array(values.slice().buffer)];

/** Everything that a board could tell: outputs, losses and trained values of an inference and of four steps, two of them updates at least. */
function behaviour(model: Model, options: PlanOptions, seed: number): number[] {
  const { guest, plan, classes, stride } = bench(wasm, model, options, seed);
  const seen: number[] = [];
  guest.start();
  guest.infer(0);
  seen.push(...bitsOf(guest.output()));
  if (plan.sliceCount === 0) return seen;
  const losses = [0, 1, 2, 0, 1, 2].map((sample, i) => guest.step(sample * stride, i % classes, 0.05));
  guest.infer(stride);
  return [...seen, ...bitsOf(Float32Array.from(losses)), ...bitsOf(guest.state()), ...bitsOf(guest.output())];
}

const stripingsOf = (model: Model, selection: Selection): Stripes[] => {
  const shape = shapeModel(model);
  return stripings(shape, normaliseSelection(shape, selection));
};

const activation = fc.constantFrom<ActivationName | undefined>(undefined, "relu", "relu6", "sigmoid", "tanh");
const window = fc.record({
  kind: fc.constantFrom("conv", "conv", "depthwise", "maxPool", "averagePool", "activation", "scaleBias"),
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  filters: fc.integer({ min: 1, max: 5 }),
  padding: fc.constantFrom<"valid" | "same">("valid", "valid", "valid", "same"), // padded rows are not striped
  activation,
});
type Window = typeof window extends fc.Arbitrary<infer W> ? W : never;

/** A layer whose windows leave nothing out, as most real ones are; in one dimension or two. */
function layerOf(
  { kind, kernel: [a, b], stride: [c, d], filters, padding, activation: act }: Window,
  flat: boolean,
): Layer {
  const [one, two] = [
    { kernel: b, stride: Math.min(b, d) },
    { kernel: [a, b] as [number, number], stride: [Math.min(a, c), Math.min(b, d)] as [number, number] },
  ];
  const acts = { padding, ...(act ? { activation: act } : {}) };
  switch (kind) {
    case "conv":
      return flat ? { kind: "conv1d", filters, ...one, ...acts } : { kind: "conv2d", filters, ...two, ...acts };
    case "depthwise":
      return flat ? { kind: "depthwise1d", ...one, ...acts } : { kind: "depthwise2d", ...two, ...acts };
    case "maxPool":
    case "averagePool":
      return flat
        ? { kind: `${kind}1d`, size: one.kernel, stride: one.stride }
        : { kind: `${kind}2d`, size: two.kernel, stride: two.stride };
    case "activation":
      return { kind: "activation", activation: act ?? "tanh" };
    default:
      return { kind: "scaleBias" };
  }
}

/** A few sliding layers, perhaps a mean over all that they leave, and a head. */
const slidingModel: fc.Arbitrary<Model> = fc
  .record({
    flat: fc.boolean(),
    rows: fc.integer({ min: 7, max: 19 }),
    columns: fc.integer({ min: 4, max: 8 }),
    channels: fc.integer({ min: 1, max: 3 }),
    windows: fc.array(window, { minLength: 1, maxLength: 3 }),
    mean: fc.boolean(),
    head: activation,
  })
  .map(({ flat, rows, columns, channels, windows, mean, head }): Model => {
    const middle: Layer[] = windows.map((w) => layerOf(w, flat));
    if (mean) middle.push({ kind: "globalAveragePool" });
    const last: Layer = { kind: "dense", units: 3, ...(head ? { activation: head } : {}) };
    const shape = flat ? [rows, channels] : [rows, columns, channels];
    return { name: "sliding", kind: "classifier", input: { shape, type: "f32" }, layers: [...middle, last] };
  })
  .filter((model) => {
    try {
      return shapeModel(model).layers.length > 0;
    } catch {
      return false; // a window that its input does not fill
    }
  });

const twoConvolutions: fc.Arbitrary<Model> = fc
  .record({
    flat: fc.boolean(),
    rows: fc.integer({ min: 12, max: 21 }),
    channels: fc.integer({ min: 1, max: 4 }),
    windows: fc.tuple(window, window),
  })
  .map(({ flat, rows, channels, windows }): Model => {
    const convs = windows.map((w) => {
      const act = w.activation === "sigmoid" || w.activation === "tanh" ? "relu" : w.activation;
      return layerOf({ ...w, kind: "conv", padding: "valid", activation: act }, flat);
    });
    const shape = flat ? [rows, channels] : [rows, 7, channels];
    const layers: Layer[] = [...convs, { kind: "globalAveragePool" }, { kind: "dense", units: 3 }];
    return { name: "two", kind: "classifier", input: { shape, type: "f32" }, layers };
  });

/** Between two passes the first line lives on while the last layer's rows come and go: the packer must know. */
const threeDeep: Model = {
  name: "three deep",
  kind: "classifier",
  input: { shape: [24, 2], type: "f32" },
  layers: [
    { kind: "conv1d", filters: 2, kernel: 3, activation: "relu" },
    { kind: "conv1d", filters: 2, kernel: 3, activation: "relu" },
    { kind: "conv1d", filters: 8, kernel: 3, activation: "relu" },
    { kind: "globalAveragePool" },
    { kind: "dense", units: 3 },
  ],
};

/** What of a model is trained: as drawn, but mostly frozen up to the last sliding layer. */
function selectionOf(model: Model, drawn: number[], frozen: number): Selection {
  const last = model.layers.findLastIndex((l) => l.kind !== "dense" && l.kind !== "globalAveragePool");
  return selectionFrom(model, drawn).filter(({ layer }) => frozen === 0 || layer >= last);
}

describe("a model computed in stripes", () => {
  it("gives the same bits as computed whole, for random models, selections and options, however it is striped", () => {
    const seen = { stripings: 0, deep: 0, summed: 0, trained: 0 };
    const kinds = new Set<Layer["kind"]>();
    fc.assert(
      fc.property(slidingModel, picks, fc.nat(3), trainingOptions, seeds, (model, p, frozen, training, seed) => {
        const selection = selectionOf(model, p, frozen);
        const options: PlanOptions = { selection, training, frozenForm: seed % 2 ? "int8" : "f32" };
        const whole = behaviour(model, options, seed);
        for (const stripes of stripingsOf(model, selection)) {
          expect([stripes, ...behaviour(model, { ...options, stripes }, seed)]).toEqual([stripes, ...whole]);
          seen.stripings++;
          if (stripes.layers > 1) seen.deep++;
          if (stripes.summed) seen.summed++;
          if (stripes.summed && selection[0]?.layer === stripes.layers - 1) seen.trained++;
          for (const layer of model.layers.slice(0, stripes.layers)) kinds.add(layer.kind);
        }
      }),
      { ...sweep(200), examples: [[threeDeep, [0, 0, 0, 2], 0, {}, 1]] },
    );
    expect(Math.min(seen.stripings / 800, seen.deep / 200, seen.summed / 150, seen.trained / 20)).toBeGreaterThan(1);
    expect([...kinds].sort()).toEqual(slidingKinds);
  });

  it("goes back down to the sample with the same bits through two convolutions before a mean", () => {
    let striped = 0;
    fc.assert(
      fc.property(
        twoConvolutions,
        fc.nat(255),
        fc.boolean(),
        trainingOptions,
        seeds,
        (model, pick, bias, training, seed) => {
          const below = selectionFrom(model, [pick, 0, 0]);
          const above: Selection = bias ? [{ layer: 1, bias: true, weights: "none" }] : [];
          const selection: Selection = [...below, ...above, { layer: 3, bias: true, weights: "all" }];
          const options: PlanOptions = { selection, training, frozenForm: seed % 2 ? "int8" : "f32" };
          const whole = behaviour(model, options, seed);
          for (const stripes of stripingsOf(model, selection)) {
            expect([stripes, ...behaviour(model, { ...options, stripes }, seed)]).toEqual([stripes, ...whole]);
            if (below.length > 0 && stripes.summed) striped++;
          }
        },
      ),
      sweep(100),
    );
    expect(striped).toBeGreaterThan(200);
  });

  it("is found as small as meant for the reference models, and no budget is exceeded on the way there", () => {
    const arena = (name: "image-cnn" | "motion-cnn", options: PlanOptions) =>
      planModel(referenceModels[name] as Model, options).memoryBytes;
    const quarter: Selection = [{ layer: 2, bias: true, weights: [0, 1, 2, 3] }];
    const deep: Selection = [
      { layer: 0, bias: true, weights: [0, 1] },
      { layer: 1, bias: true, weights: "none" },
      { layer: 3, bias: true, weights: "all" },
    ];
    for (const [name, selection] of [
      ["image-cnn", quarter],
      ["motion-cnn", deep],
    ] as const) {
      const full = arena(name, { selection: "all" });
      expect(arena(name, { selection, stripes: "smallest" })).toBeLessThan(0.2 * full);
      for (const share of [0.2, 0.25, 0.3]) {
        const budgetBytes = Math.floor(share * full);
        expect(arena(name, { selection, budgetBytes })).toBeLessThanOrEqual(budgetBytes);
      }
    }
  });

  it("is left whole when that fits, and takes as few passes as fit when it does not", () => {
    const model = referenceModels["motion-cnn"] as Model;
    const passes = (budgetBytes?: number) => {
      const { binary } = planModel(model, { selection: "head", ...(budgetBytes && { budgetBytes }) });
      return repeatsOf(binary);
    };
    const whole = planModel(model, { selection: "head" }).memoryBytes;
    expect([passes(), passes(whole)]).toEqual([[], []]);
    const some = [whole - 1, 5000, 3500, 2500].map((budget) => passes(budget)[0]!);
    expect(some).toEqual(some.toSorted((a, b) => a - b));
    expect(some[0]).toBeLessThan(some[3]!);
  });
});

/** Times of each repeat in a plan's forward list. */
function repeatsOf(binary: Uint8Array): number[] {
  const { forwardAt, forwardOps } = decodePlanHeader(binary);
  const view = new DataView(binary.buffer, binary.byteOffset);
  const times: number[] = [];
  for (let at = forwardAt, left = forwardOps; left > 0; left--) {
    if (view.getUint16(at, true) === ops.repeat.code) times.push(view.getUint32(at + 8, true));
    at += 4 + 4 * view.getUint16(at + 2, true);
  }
  return times;
}
