// Starts the worker threads that scripts/build.ts bundles. What they are told and answer is their callers' business.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { FtteError } from "../errors.ts";

export type WorkerName = "evaluate_worker" | "train_worker" | "simulate_worker";

/**
 * The worker's bundle lies beside this module in dist/, or there from the sources.
 * @throws FtteError "file-unreadable" that says how to build it
 */
export function startWorker(name: WorkerName, workerData: unknown): Worker {
  const folder = import.meta.url.endsWith(".ts") ? "../../dist/" : "./";
  const bundle = new URL(`${folder}${name}.js`, import.meta.url);
  if (!existsSync(fileURLToPath(bundle)))
    throw new FtteError("file-unreadable", `${fileURLToPath(bundle)} is missing; build it with: npm run build`);
  return new Worker(bundle, { workerData });
}

/** An error as a message: its class does not survive the way between threads. */
export interface SentError {
  code?: FtteError["code"];
  message: string;
}

export function sentError(error: unknown): SentError {
  if (error instanceof FtteError) return { code: error.code, message: error.message };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export const receivedError = ({ code, message }: SentError): Error =>
  code ? new FtteError(code, message) : new Error(message);
