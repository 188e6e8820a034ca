// Evaluation in a worker thread, so that boards are served while a model is measured. One evaluation at a time.

import type { Worker } from "node:worker_threads";
import { FtteError } from "../errors.ts";
import type { EvaluationSet, Metrics } from "./evaluate.ts";
import { startWorker } from "./worker_bundle.ts";

interface Pending {
  resolve: (metrics: Metrics) => void;
  reject: (error: Error) => void;
}

export class Evaluator {
  private readonly worker: Worker;
  private readonly pending: Pending[] = []; // answered in their order
  private dead: Error | undefined;
  private closing = false;

  constructor(kernels: Uint8Array, set: EvaluationSet) {
    this.worker = startWorker("evaluate_worker", { kernels, set });
    this.worker.unref();
    this.worker.on("message", (metrics: Metrics) => {
      this.pending.shift()?.resolve(metrics);
      if (this.pending.length === 0 && !this.closing) this.worker.unref();
    });
    this.worker.on("error", (error) => this.end(error));
    this.worker.on("exit", () => this.end(new FtteError("interrupted", "the evaluation was ended")));
  }

  /** Rejects when the worker died, now or before. */
  evaluate(parameters: Float32Array): Promise<Metrics> {
    if (this.dead) return Promise.reject(this.dead);
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker.ref();
      this.worker.postMessage(parameters);
    });
  }

  /** What is being measured is rejected. */
  async close(): Promise<void> {
    this.closing = true;
    this.worker.ref(); // or a thread that has nothing else to wait for would end here
    await this.worker.terminate();
  }

  private end(error: Error): void {
    this.dead ??= error;
    for (const { reject } of this.pending.splice(0)) reject(this.dead);
  }
}
