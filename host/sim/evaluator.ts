// Evaluation in a worker thread, so that boards are served while a model is measured. One evaluation at a time.

import type { EvaluationSet, Metrics } from "./evaluate.ts";
import { AskedWorker } from "./worker_bundle.ts";

export class Evaluator {
  private readonly worker: AskedWorker<Float32Array, Metrics>;

  constructor(kernels: Uint8Array, set: EvaluationSet) {
    this.worker = new AskedWorker("evaluate_worker", { kernels, set }, "the evaluation was ended");
  }

  /** Rejects when the worker died, now or before. */
  evaluate(parameters: Float32Array): Promise<Metrics> {
    return this.worker.ask(parameters);
  }

  /** What is being measured is rejected. */
  close(): Promise<void> {
    return this.worker.close();
  }
}
