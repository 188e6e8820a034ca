// The worker's side of evaluator.ts: one evaluation per message.
import { parentPort, workerData } from "node:worker_threads";
import { type EvaluationSet, ModelEvaluator } from "./evaluate.ts";

const { kernels, set } = workerData as { kernels: Uint8Array; set: EvaluationSet };
const evaluator = new ModelEvaluator(kernels, set);
parentPort!.on("message", (parameters: Float32Array) => parentPort!.postMessage(evaluator.evaluate(parameters)));
