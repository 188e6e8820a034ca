// The worker's side of trainer_pool.ts: one task per message, answered in their order.
import { parentPort, workerData } from "node:worker_threads";
import type { TrainingOptions } from "../plan/types.ts";
import type { BoardUpdate } from "./board_task.ts";
import { type Job, type TrainedBoard, Trainer } from "./trainer.ts";
import { type SentError, sentError } from "./worker_bundle.ts";

export interface TrainWorkerData {
  kernels: Uint8Array;
  boards: readonly TrainedBoard[];
  training: TrainingOptions;
}
export type TrainAnswer = BoardUpdate | { error: SentError };

const { kernels, boards, training } = workerData as TrainWorkerData;
const trainer = new Trainer(kernels, boards, training);

function answer(job: Job): void {
  const { bytes, residual } = trainer.train(job);
  const update: TrainAnswer = residual ? { bytes, residual } : { bytes };
  const owned = residual ? [bytes.buffer, residual.buffer] : [bytes.buffer];
  parentPort!.postMessage(update, owned as ArrayBuffer[]);
}

parentPort!.on("message", (job: Job) => {
  try {
    answer(job);
  } catch (error) {
    parentPort!.postMessage({ error: sentError(error) } satisfies TrainAnswer);
  }
});
