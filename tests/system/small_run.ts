// A whole run in this process: live boards with the real firmware, LocalFleet, Coordinator, the store on disk and the evaluation.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import { buildFold } from "../../host/build/fold.ts";
import { builtGuest } from "../../host/build/root.ts";
import { Coordinator, type Summary } from "../../host/fl/coordinator.ts";
import type { RunEvent } from "../../host/fl/events.ts";
import { wasmFolder } from "../../host/fl/fold.ts";
import { ftte } from "../../host/fl/ftte.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import type { UpdateEncoding } from "../../host/plan/update_rows.ts";
import { ModelEvaluator } from "../../host/sim/evaluate.ts";
import { Store } from "../../host/store/store.ts";
import { elements, firstParameters, kernels, type LiveBoard, model, normalisation, plan } from "./live_board.ts";

export interface SmallRunOptions {
  boards: LiveBoard[];
  /** Ends the run when true; asked after every event. */
  until: (events: readonly RunEvent[]) => boolean;
  open?: OpenPipe;
  kernels?: Uint8Array;
  patienceMs?: number;
  /** Updates that make a server step, 2 by default. */
  buffer?: number;
  /** Of the updates, int8 by default. */
  encoding?: UpdateEncoding;
}

export interface SmallRun extends Summary {
  events: RunEvent[];
  /** What the store says when it is opened again. */
  stored: { folded: number; rejected: number; version: number; parameters: Float32Array };
}

/** What the boards' first samples give, so that something real is evaluated. */
function evaluator(
  boards: readonly LiveBoard[],
): (parameters: Float32Array) => Promise<{ accuracy: number; loss: number }> {
  const samples = boards[0]!.samples;
  const count = samples.length / elements;
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 3);
  const shape = { name: "boards", shape: [elements], type: "f32" as const, count, users: new Uint16Array(count) };
  const data = { ...shape, elements: samples, labels, classes: ["a", "b", "c"] };
  const judge = new ModelEvaluator(readFileSync(builtGuest("kernels.twin.wasm")), { model, data, normalisation });
  return async (parameters) => judge.evaluate(parameters);
}

export async function smallRun(options: SmallRunOptions): Promise<SmallRun> {
  const { boards, until, open, patienceMs = 2000, buffer = 2, encoding = "int8" } = options;
  await buildFold();
  const folder = mkdtempSync(join(tmpdir(), "ftte-small-run-"));
  const path = join(folder, "runs.sqlite");
  const store = Store.open(path);
  const { id: run } = store.createRun("small", "{}");
  const runStore = store.open(run);
  runStore.putModel(0, firstParameters(), 0);
  const fleet = new LocalFleet({
    boards: boards.map((board) => board.identity),
    patienceMs,
    pollMs: 20,
    ...(open && { open }),
  });
  const events: RunEvent[] = [];
  const end = new AbortController();
  const startMs = performance.now();
  const coordinator = new Coordinator({
    run,
    store: runStore,
    fleet,
    strategy: ftte({ buffer }),
    folder: wasmFolder(readFileSync(builtGuest("fold.wasm")), encoding),
    boards: boards.map(({ identity }) => ({ id: identity.id, name: identity.name, class: "tiny", speed: 1 })),
    plans: new Map([["tiny", plan]]),
    kernels: options.kernels ?? kernels(),
    normalisation,
    training: { steps: 6, learningRate: 0.05, checkpointEvery: 4, encoding },
    seed: 1,
    refreshFrozenEvery: 0,
    normLimit: 1e3,
    stop: {},
    clock: () => (performance.now() - startMs) / 1000,
    evaluate: evaluator(boards),
    listener(event) {
      events.push(event);
      if (!end.signal.aborted && until(events)) end.abort();
    },
  });
  try {
    const summary = await coordinator.run(end.signal);
    await fleet.close();
    runStore.flush();
    store.close();
    const again = Store.open(path);
    const { folded, rejected } = again.open(run).counts();
    const stored = { folded, rejected, ...again.open(run).model()! };
    again.close();
    return { ...summary, events, stored };
  } finally {
    await fleet.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
