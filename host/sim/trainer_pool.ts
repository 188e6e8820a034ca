// A Trainer on several cores. A board's tasks are always the same worker's, so that they are done in their order, and its samples and what
// the frozen layers make of them lie in one place. The updates are those of a Trainer, whatever the number of workers.

import type { TrainingOptions } from "../plan/types.ts";
import type { BoardUpdate } from "./board_task.ts";
import type { TrainAnswer, TrainWorkerData } from "./train_worker.ts";
import type { Job, TrainedBoard } from "./trainer.ts";
import { AskedWorker, receivedError } from "./worker_bundle.ts";

export class TrainerPool {
  private readonly lanes: AskedWorker<Job, TrainAnswer>[];

  /**
   * @param kernels bytes of kernels.twin.wasm
   * @param training the options that all plans were made with
   * @param workers at least 1
   * @throws FtteError "file-unreadable" when the worker was not built
   */
  constructor(kernels: Uint8Array, boards: readonly TrainedBoard[], training: TrainingOptions, workers: number) {
    this.lanes = Array.from({ length: workers }, (_, lane) => {
      const own = boards.filter((_, board) => board % workers === lane);
      const data: TrainWorkerData = { kernels, training, boards: own };
      return new AskedWorker("train_worker", data, "the boards' training was ended");
    });
  }

  /** Rejects when the guest refuses the plan, or the worker died or was closed. */
  async train(job: Job): Promise<BoardUpdate> {
    const { length } = this.lanes;
    const lane = this.lanes[job.board % length]!;
    const answer = await lane.ask(alone({ ...job, board: Math.floor(job.board / length) }));
    if ("error" in answer) throw receivedError(answer.error);
    return answer;
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
