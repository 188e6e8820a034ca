// Accuracy of a model on held-out data, with the same kernels as on the boards, everything in f32. Pure computation; evaluator.ts runs it
// beside the coordinator's loop, in a worker.

import { packElements, sampleBytes } from "../data/dataset.ts";
import type { Dataset } from "../data/types.ts";
import { packFrozen } from "../plan/frozen.ts";
import { planModel } from "../plan/plan.ts";
import type { Model, Normalisation } from "../plan/types.ts";
import { Region } from "../wire/spec.gen.ts";
import { Guest } from "./guest.ts";

export interface Metrics {
  /** Classifiers: share of right answers. Autoencoders: 1 / (1 + loss), so that larger is better. */
  accuracy: number;
  loss: number;
  /** confusion[truth][answer], classifiers only */
  confusion: number[][];
}

export interface EvaluationSet {
  model: Model;
  data: Dataset;
  normalisation: Normalisation;
}

/** Everything frozen: the parameters are a read-only image, replaced for each evaluation. */
export class ModelEvaluator {
  private readonly plan;
  private readonly guest: Guest;
  private readonly stride: number;

  constructor(
    kernels: Uint8Array,
    private readonly set: EvaluationSet,
  ) {
    this.plan = planModel(set.model, { selection: "none", frozenForm: "f32" });
    this.stride = sampleBytes(set.data);
    this.guest = new Guest(kernels, this.plan.binary, {
      frozen: new Uint8Array(this.plan.frozenBytes),
      samples: packElements(set.data),
    });
  }

  evaluate(parameters: Float32Array): Metrics {
    this.guest.load(Region.frozen, packFrozen(this.plan, parameters, this.set.normalisation));
    return this.set.model.kind === "autoencoder" ? this.reconstruct() : this.classify();
  }

  /** The class that a classifier gives to each sample, in their order. */
  answers(parameters: Float32Array): Uint16Array {
    this.guest.load(Region.frozen, packFrozen(this.plan, parameters, this.set.normalisation));
    return Uint16Array.from({ length: this.set.data.count }, (_, i) => this.guest.infer(i * this.stride));
  }

  private reconstruct(): Metrics {
    let loss = 0;
    for (let i = 0; i < this.set.data.count; i++) loss += this.guest.score(i * this.stride);
    loss /= Math.max(1, this.set.data.count);
    return { accuracy: 1 / (1 + loss), loss, confusion: [] };
  }

  private classify(): Metrics {
    const { count, labels, classes } = this.set.data;
    const confusion = classes.map(() => classes.map(() => 0));
    let loss = 0;
    let right = 0;
    for (let i = 0; i < count; i++) {
      const answer = this.guest.infer(i * this.stride);
      const truth = labels[i]!;
      loss -= Math.log(Math.max(1e-12, this.guest.output()[truth]!));
      confusion[truth]![answer]!++;
      if (answer === truth) right++;
    }
    return { accuracy: right / Math.max(1, count), loss: loss / Math.max(1, count), confusion };
  }
}

/** Mean over classes of the harmonic mean of precision and recall; a class without samples counts as 0. */
export function macroF1(confusion: number[][]): number {
  const scores = confusion.map((row, k) => {
    const hits = row[k]!;
    const truths = row.reduce((a, b) => a + b, 0);
    const answers = confusion.reduce((sum, r) => sum + r[k]!, 0);
    return hits === 0 ? 0 : (2 * hits) / (truths + answers);
  });
  return scores.reduce((a, b) => a + b, 0) / Math.max(1, scores.length);
}
