// What training each part of a model is worth, after Lin et al. (NeurIPS 2022): the accuracy that short fine-tuning from a first model gains
// on data that it has not seen. All on proxy data, the host's own share, with the boards' kernels and int8 frozen weights. Budgets, and
// what is chosen from the contributions, are host/plan's; nothing here asks what memory a part needs.

import { type Random, seeded } from "../data/random.ts";
import { holdOutShareOfSamples, holdOutShareOfUsers, type Split } from "../data/split.ts";
import type { Dataset } from "../data/types.ts";
import { FtteError } from "../errors.ts";
import { type Contributions, type Share, selectionOf, trainableLayers, weightRatios } from "../plan/choices.ts";
import { planModel } from "../plan/plan.ts";
import { type ModelShape, shapeModel } from "../plan/shapes.ts";
import type { Model, Normalisation, TrainingOptions } from "../plan/types.ts";
import { ModelEvaluator } from "./evaluate.ts";
import { fineTune, pretrain } from "./pretrain.ts";

export interface ProxySetting {
  model: Model;
  normalisation: Normalisation;
  firstModel: { epochs: number; learningRate: number };
  /** As boards train. */
  training: TrainingOptions;
  learningRate: number;
  /** Passes of a fine-tuning over its part of the proxy data. */
  epochs: number;
}

/** For the first model, for fine-tuning, and for judging it. */
interface ProxyParts {
  first: Dataset;
  tune: Dataset;
  held: Dataset;
}

const split = (data: Dataset, share: number, random: Random): Split =>
  new Set(data.users).size > 1 ? holdOutShareOfUsers(data, share, random) : holdOutShareOfSamples(data, share, random);

/** A half, three tenths and a fifth; by person as long as there is more than one. @throws FtteError "data-invalid" for too little data */
export function proxyParts(host: Dataset, random: Random): ProxyParts {
  const { train: first, test: rest } = split(host, 0.5, random);
  const { train: tune, test: held } = rest.count > 0 ? split(rest, 0.4, random) : { train: rest, test: rest };
  if (tune.count === 0 || held.count === 0)
    throw new FtteError(
      "data-invalid",
      `the host's share of ${host.count} samples is too small to measure on; give more firstModel.samples, or users, in the config`,
    );
  return { first, tune, held };
}

/** One seed's proxy data, dealt anew, and its first model. */
export class ProxyTask {
  /** Flat parameters of the first model, and its accuracy on the held-out part. */
  readonly parameters: Float32Array;
  readonly before: number;
  private readonly parts: ProxyParts;
  private readonly shape: ModelShape;
  private readonly evaluator: ModelEvaluator;

  /**
   * @param kernels bytes of kernels.twin.wasm
   * @param host the host's own share
   * @throws FtteError "data-invalid" when that is too little to be cut in three
   */
  constructor(
    private readonly kernels: Uint8Array,
    private readonly setting: ProxySetting,
    host: Dataset,
    private readonly seed: number,
  ) {
    const { model, normalisation, firstModel } = setting;
    this.parts = proxyParts(host, seeded(seed));
    this.shape = shapeModel(model);
    this.parameters = pretrain(kernels, model, this.parts.first, normalisation, { ...firstModel, seed });
    this.evaluator = new ModelEvaluator(kernels, { model, data: this.parts.held, normalisation });
    this.before = this.evaluator.evaluate(this.parameters).accuracy;
  }

  /** On the held-out part, after fine-tuning these shares, of each layer the channels that are strongest in this first model. */
  accuracyOf(shares: readonly Share[]): number {
    const { model, normalisation, training, learningRate, epochs } = this.setting;
    const plan = planModel(model, { training, selection: selectionOf(this.shape, shares, this.parameters) });
    const options = { epochs, learningRate, seed: this.seed };
    const tuned = fineTune(this.kernels, plan, this.parameters, this.parts.tune, normalisation, options);
    return this.evaluator.evaluate(tuned).accuracy;
  }
}

/** Over the seeds. */
export interface Spread {
  mean: number;
  least: number;
  most: number;
}

export interface Measured {
  /** Accuracy of the first models. */
  before: Spread;
  /** Gain of the biases of the last `depth` layers that have parameters. */
  bias: { depth: number; gain: Spread }[];
  /** Gain of a layer's weights over the biases from it on. */
  weights: { layer: number; ratio: number; gain: Spread }[];
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, least: Math.min(...values), most: Math.max(...values) };
}

/**
 * @param proxies of one model, at least one
 * @param onMeasured called after each measurement with how many there will be
 */
export function measure(
  model: Model,
  proxies: readonly ProxyTask[],
  onMeasured: (done: number, all: number) => void = () => {},
): Measured {
  const shape = shapeModel(model);
  const layers = trainableLayers(shape);
  const all = layers.reduce((sum, layer) => sum + 1 + weightRatios(shape, layer).length, 0);
  let done = 0;
  const accuracies = (shares: Share[]) => {
    const list = proxies.map((proxy) => proxy.accuracyOf(shares));
    onMeasured(++done, all);
    return list;
  };
  const gainOver = (before: readonly number[], after: readonly number[]) =>
    spreadOf(after.map((accuracy, i) => accuracy - before[i]!));
  const start = proxies.map((proxy) => proxy.before);
  const measured: Measured = { before: spreadOf(start), bias: [], weights: [] };
  for (let depth = 1; depth <= layers.length; depth++) {
    const [deepest, ...later] = layers.slice(-depth).map((layer): Share => ({ layer: layer.index, ratio: 0 }));
    const biases = accuracies([deepest!, ...later]);
    measured.bias.push({ depth, gain: gainOver(start, biases) });
    for (const ratio of weightRatios(shape, layers.at(-depth)!)) {
      const gain = gainOver(biases, accuracies([{ ...deepest!, ratio }, ...later]));
      measured.weights.push({ layer: deepest!.layer, ratio, gain });
    }
  }
  return measured;
}

/** The means, as the search takes them. */
export function contributionsOf({ bias, weights }: Measured): Contributions {
  const byLayer = new Map<number, Map<number, number>>();
  for (const { layer, ratio, gain } of weights)
    byLayer.set(layer, (byLayer.get(layer) ?? new Map<number, number>()).set(ratio, gain.mean));
  return { bias: [0, ...bias.map(({ gain }) => gain.mean)], weights: byLayer };
}
