// The worker's side of seed_runs.ts: one seed's simulation, its events and its end as messages. A message to it, whatever it says, ends it.
import { parentPort, workerData } from "node:worker_threads";
import { type SentError, sentError } from "../sim/worker_bundle.ts";
import { type SeedEvent, type SeedResult, type SeedRunOptions, seedRun } from "./seed_run.ts";

export type SeedMessage = { event: SeedEvent } | { result: SeedResult | undefined } | { error: SentError };
const post = (message: SeedMessage) => parentPort!.postMessage(message);

const end = new AbortController();
parentPort!.once("message", () => end.abort());
parentPort!.unref();

// Not awaited: a simulation in which nothing can happen any more ends this thread, and its other side says so.
seedRun(workerData as SeedRunOptions, (event) => post({ event }), end.signal).then(
  (result) => post({ result }),
  (error) => post({ error: sentError(error) }),
);
