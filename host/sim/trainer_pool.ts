// A Trainer on several cores. A board's tasks are always the same worker's, so that they are done in their order, and its samples and what
// the frozen layers make of them lie in one place. The updates are those of a Trainer, whatever the number of workers.

import type { Worker } from "node:worker_threads";
import { FtteError } from "../errors.ts";
import type { TrainingOptions } from "../plan/types.ts";
import type { BoardUpdate } from "./board_task.ts";
import type { TrainAnswer, TrainWorkerData } from "./train_worker.ts";
import type { Job, TrainedBoard } from "./trainer.ts";
import { receivedError, startWorker } from "./worker_bundle.ts";

interface Pending {
  resolve: (update: BoardUpdate) => void;
  reject: (error: Error) => void;
}

export class TrainerPool {
  private readonly lanes: Lane[];

  /**
   * @param kernels bytes of kernels.twin.wasm
   * @param training the options that all plans were made with
   * @param workers at least 1
   * @throws FtteError "file-unreadable" when the worker was not built
   */
  constructor(kernels: Uint8Array, boards: readonly TrainedBoard[], training: TrainingOptions, workers: number) {
    this.lanes = Array.from({ length: workers }, (_, lane) => {
      return new Lane({ kernels, training, boards: boards.filter((_, board) => board % workers === lane) });
    });
  }

  /** Rejects when the guest refuses the plan, or the worker died or was closed. */
  train(job: Job): Promise<BoardUpdate> {
    const { length } = this.lanes;
    return this.lanes[job.board % length]!.train(alone({ ...job, board: Math.floor(job.board / length) }));
  }

  /** What is being trained is rejected. */
  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }
}

/** Nothing but the job: orders, which carry kernels and more, pass for jobs. */
function alone({ run, task, baseVersion, steps, learningRate, seed, encoding, board, ...held }: Job): Job {
  const { frozen, slice, residual } = held;
  const named = { run, task, baseVersion, steps, learningRate, seed, encoding, board, frozen, slice };
  return residual ? { ...named, residual } : named;
}

/** One worker, which answers in the order in which it was asked. */
class Lane {
  private readonly worker: Worker;
  private readonly pending: Pending[] = [];
  private dead: Error | undefined;
  private closing = false;

  constructor(data: TrainWorkerData) {
    this.worker = startWorker("train_worker", data);
    this.worker.unref();
    this.worker.on("message", (answer: TrainAnswer) => this.take(answer));
    this.worker.on("error", (error) => this.end(error));
    this.worker.on("exit", () => this.end(new FtteError("interrupted", "the boards' training was ended")));
  }

  train(job: Job): Promise<BoardUpdate> {
    if (this.dead) return Promise.reject(this.dead);
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker.ref();
      this.worker.postMessage(job);
    });
  }

  private take(answer: TrainAnswer): void {
    const { resolve, reject } = this.pending.shift()!;
    if (this.pending.length === 0 && !this.closing) this.worker.unref();
    if ("error" in answer) reject(receivedError(answer.error));
    else resolve(answer);
  }

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
