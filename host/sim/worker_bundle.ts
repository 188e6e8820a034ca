// Starts the worker threads that scripts/build.ts bundles, and asks those that answer one question after the other. What they are told and
// answer is their callers' business.

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

interface Pending<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

/** A worker that answers in the order in which it was asked. It keeps the process alive only while it has something to answer. */
export class AskedWorker<Question, Answer> {
  private readonly worker: Worker;
  private readonly pending: Pending<Answer>[] = [];
  private dead: Error | undefined;
  private closing = false;

  /** @param ended what is said to whom it has not answered when it ends */
  constructor(name: WorkerName, workerData: unknown, ended: string) {
    this.worker = startWorker(name, workerData);
    this.worker.unref();
    this.worker.on("message", (answer: Answer) => {
      this.pending.shift()?.resolve(answer);
      if (this.pending.length === 0 && !this.closing) this.worker.unref();
    });
    this.worker.on("error", (error) => this.end(error));
    this.worker.on("exit", () => this.end(new FtteError("interrupted", ended)));
  }

  /** Rejects when the worker died, now or before. */
  ask(question: Question): Promise<Answer> {
    if (this.dead) return Promise.reject(this.dead);
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker.ref();
      this.worker.postMessage(question);
    });
  }

  /** What it was asked and has not answered is rejected. */
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
