// Random models, selections and training options for fast-check. Each layer is drawn as four small numbers and bent into something valid
// for the shape at hand, so that counterexamples shrink to few and plain layers.

import fc from "fast-check";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { ActivationName, Layer, Model, Selection, TrainingOptions } from "../../../host/plan/types.ts";

interface Space {
  h: number;
  w: number;
  c: number;
}
interface Draw {
  kind: number;
  a: number;
  b: number;
  c: number;
}

const named: ActivationName[] = ["relu", "relu6", "sigmoid", "tanh"];
/** One of the activations, or none. */
const activationOf = (draw: number): ActivationName | undefined => [undefined, ...named][draw % (named.length + 1)];
const after = (n: number, kernel: number, stride: number, same: boolean) =>
  same ? Math.ceil(n / stride) : Math.floor((n - kernel) / stride) + 1;

/** Layers so far, the shape behind them, and the shapes of all of them by name. */
class Draft {
  readonly layers: Layer[] = [];
  readonly shapes: Space[] = [];

  constructor(
    readonly rank: number,
    public space: Space,
  ) {}

  private push(layer: Layer, space: Space): void {
    this.layers.push({ ...layer, name: `l${this.layers.length}` });
    this.shapes.push(space);
    this.space = space;
  }

  /** Kernel and stride along an axis of n positions. */
  private slide(n: number, draw: number, same: boolean): { k: number; s: number; out: number } {
    const k = 1 + (draw % Math.min(3, same ? 3 : n));
    const s = 1 + ((draw >> 2) % 2);
    return { k, s, out: after(n, k, s, same) };
  }

  private convolution(d: Draw): void {
    const same = d.c % 2 === 1;
    const rows = this.space.h === 1 ? { k: 1, s: 1, out: 1 } : this.slide(this.space.h, d.b, same);
    const columns = this.slide(this.space.w, d.a, same);
    const activation = activationOf(d.c);
    const common = { padding: same ? "same" : "valid", ...(activation ? { activation } : {}) } as const;
    const filters = 1 + (d.a % 4);
    const deep = d.kind % 2 === 1;
    const space = { h: rows.out, w: columns.out, c: deep ? this.space.c : filters };
    if (this.rank === 2) {
      const one = { ...common, kernel: columns.k, stride: columns.s };
      this.push(deep ? { kind: "depthwise1d", ...one } : { kind: "conv1d", filters, ...one }, space);
      return;
    }
    const two = { ...common, kernel: [rows.k, columns.k], stride: [rows.s, columns.s] } satisfies object as {
      padding: "same" | "valid";
      kernel: [number, number];
      stride: [number, number];
    };
    this.push(deep ? { kind: "depthwise2d", ...two } : { kind: "conv2d", filters, ...two }, space);
  }

  private pool(d: Draw): void {
    const rows = this.space.h === 1 ? { k: 1, s: 1, out: 1 } : this.slide(this.space.h, d.b, false);
    const columns = this.slide(this.space.w, d.a, false);
    const space = { h: rows.out, w: columns.out, c: this.space.c };
    const max = d.c % 2 === 0;
    if (this.rank === 2)
      this.push({ kind: max ? "maxPool1d" : "averagePool1d", size: columns.k, stride: columns.s }, space);
    else
      this.push(
        { kind: max ? "maxPool2d" : "averagePool2d", size: [rows.k, columns.k], stride: [rows.s, columns.s] },
        space,
      );
  }

  private residual(d: Draw): void {
    const { h, w, c } = this.space;
    const fitting = this.shapes.flatMap((s, i) => (s.h === h && s.w === w && s.c === c ? [i] : []));
    const from = fitting[d.a % Math.max(1, fitting.length)];
    const activation = activationOf(d.c);
    if (from !== undefined)
      this.push({ kind: "residual", from: `l${from}`, ...(activation ? { activation } : {}) }, this.space);
  }

  dense(units: number, activation: ActivationName | undefined): void {
    this.push({ kind: "dense", units, ...(activation ? { activation } : {}) }, { h: 1, w: 1, c: units });
  }

  add(d: Draw): void {
    const { h, w, c } = this.space;
    const flat = this.rank === 1 || h * w === 1;
    switch (d.kind % 9) {
      case 0:
      case 1:
        return flat ? this.dense(1 + (d.a % 5), activationOf(d.c)) : this.convolution(d);
      case 2:
      case 3:
        return this.rank === 1 ? this.dense(1 + (d.b % 5), activationOf(d.a)) : this.convolution(d);
      case 4:
        return this.rank === 1 ? undefined : this.pool(d);
      case 5:
        return this.push({ kind: "activation", activation: named[d.a % named.length]! }, this.space);
      case 6:
        return this.push({ kind: "scaleBias" }, this.space);
      case 7:
        return this.residual(d);
      default:
        if (flat) return;
        if (d.a % 3 > 0) return this.push({ kind: "globalAveragePool" }, { h: 1, w: 1, c });
        return this.push({ kind: "flatten" }, { h: 1, w: 1, c: h * w * c });
    }
  }
}

const draw: fc.Arbitrary<Draw> = fc.record({ kind: fc.nat(89), a: fc.nat(59), b: fc.nat(59), c: fc.nat(59) });

/** A valid model of up to six layers, and an end that its kind allows (some end with an activation, a pool or a flatten). */
export const randomModel: fc.Arbitrary<Model> = fc
  .record({
    rank: fc.integer({ min: 1, max: 3 }),
    input: fc.record({
      h: fc.integer({ min: 1, max: 6 }),
      w: fc.integer({ min: 1, max: 7 }),
      c: fc.integer({ min: 1, max: 3 }),
    }),
    draws: fc.array(draw, { maxLength: 5 }),
    end: draw,
    autoencoder: fc.boolean(),
  })
  .map(({ rank, input, draws, end, autoencoder }) => {
    const c = rank === 1 ? input.w + input.c : input.c;
    const space = { h: rank === 3 ? input.h : 1, w: rank === 1 ? 1 : input.w, c };
    const draft = new Draft(rank, space);
    for (const d of draws) if (rank !== 1 || d.kind % 9 !== 8) draft.add(d);
    if (autoencoder) draft.dense(space.h * space.w * space.c, activationOf(end.c));
    else if (end.kind % 3 > 0 || draft.space.h * draft.space.w > 1) draft.dense(2 + (end.a % 3), activationOf(end.c));
    if (draft.layers.length === 0) draft.dense(2, undefined);
    if (end.b % 4 === 0) draft.layers.push({ kind: "flatten" });
    const shape = rank === 1 ? [c] : rank === 2 ? [space.w, c] : [space.h, space.w, c];
    return {
      name: "random",
      kind: autoencoder ? "autoencoder" : "classifier",
      input: { shape, type: "f32" },
      layers: draft.layers,
    } satisfies Model as Model;
  });

/** What to train of a model: per layer nothing, its bias, everything, or some input channels. */
export function selectionFrom(model: Model, picks: number[]): Selection {
  const trainable = shapeModel(model).layers.filter((l) => l.parameters.length > 0);
  return trainable.flatMap((layer, i): Selection => {
    const pick = picks[i % picks.length]!;
    const sparse = layer.kind === "dense" || layer.kind === "conv";
    if (pick % 4 === 0) return [];
    if (pick % 4 === 1) return [{ layer: layer.index, bias: true, weights: "none" }];
    if (pick % 4 === 2 || !sparse) return [{ layer: layer.index, bias: true, weights: "all" }];
    let source = layer.input;
    for (let b = layer.index - 1; layer.kind === "dense" && b >= 0 && model.layers[b]!.kind === "flatten"; b--)
      source = shapeModel(model).layers[b]!.input;
    const channels = Array.from({ length: source.c }, (_, c) => c).filter((c) => (pick >> (2 + (c % 6))) & 1);
    return [{ layer: layer.index, bias: true, weights: channels.length ? channels : [0] }];
  });
}

export const picks = fc.array(fc.nat(255), { minLength: 1, maxLength: 6 });

export const trainingOptions: fc.Arbitrary<TrainingOptions> = fc.record({
  momentum: fc.constantFrom(0, 0.5, 0.9),
  weightDecay: fc.constantFrom(0, 0.01),
  clipNorm: fc.constantFrom(0, 0.05, 10),
  microBatch: fc.constantFrom(1, 3),
});

/** fast-check's parameters: a fixed seed, so that a run is repeatable, and more cases with FTTE_SWEEP=1. */
export function sweep(cases: number): { numRuns: number; seed: number } {
  return process.env.FTTE_SWEEP ? { numRuns: cases * 20, seed: Date.now() | 0 } : { numRuns: cases, seed: 20_251 };
}
