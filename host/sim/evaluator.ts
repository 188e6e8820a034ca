// Evaluation in a worker thread, so that boards are served while a model is measured. One evaluation at a time.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { FtteError } from "../errors.ts";
import type { EvaluationSet, Metrics } from "./evaluate.ts";

/** The worker is bundled: beside this module in dist/, or there from the sources. */
function startWorker(workerData: unknown): Worker {
  const beside = import.meta.url.endsWith(".ts") ? "../../dist/evaluate_worker.js" : "./evaluate_worker.js";
  const bundle = new URL(beside, import.meta.url);
  if (!existsSync(fileURLToPath(bundle)))
    throw new FtteError("file-unreadable", `${fileURLToPath(bundle)} is missing; build it with: npm run build`);
  return new Worker(bundle, { workerData });
}

export class Evaluator {
  private readonly worker: Worker;

  constructor(kernels: Uint8Array, set: EvaluationSet) {
    this.worker = startWorker({ kernels, set });
    this.worker.unref();
  }

  /** Rejects when the worker died. */
  evaluate(parameters: Float32Array): Promise<Metrics> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        this.worker.off("message", answered);
        this.worker.off("error", died);
        this.worker.unref();
        work();
      };
      const answered = (metrics: Metrics) => settle(() => resolve(metrics));
      const died = (error: Error) => settle(() => reject(error));
      this.worker.ref();
      this.worker.on("message", answered);
      this.worker.on("error", died);
      this.worker.postMessage(parameters);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
