// One session of a run for tests: the real Coordinator over the real store in a temporary folder, with test boards. A session may be
// killed at any event or step; what was durable then is what the next one starts from. What its file says then is judged by recorded_run.ts.

import { copyFileSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFold } from "../../../host/build/fold.ts";
import { builtGuest } from "../../../host/build/root.ts";
import { seeded } from "../../../host/data/random.ts";
import { type BoardSetup, Coordinator, type CoordinatorOptions, type Summary } from "../../../host/fl/coordinator.ts";
import type { RunEvent } from "../../../host/fl/events.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { evenSchedule } from "../../../host/fl/schedule.ts";
import type { Strategy } from "../../../host/fl/strategy.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Model, Plan } from "../../../host/plan/types.ts";
import { foldedAs, type UpdateEncoding } from "../../../host/plan/update_rows.ts";
import { Store } from "../../../host/store/store.ts";
import { kernels } from "../plan/kernels.ts";
import { type Script, ScriptedFleet } from "./scripted_fleet.ts";
import { TestBoard } from "./test_boards.ts";

await buildFold();
const wasm = await kernels();
const folders = {
  int8: wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8"),
  f32: wasmFolder(readFileSync(builtGuest("fold.wasm")), "f32"),
};

/** Odd row lengths, and two tiers: small boards train the head only. */
const model: Model = {
  name: "tiny",
  kind: "classifier",
  input: { shape: [3], type: "f32" },
  layers: [
    { kind: "dense", units: 5, activation: "relu" },
    { kind: "dense", units: 3 },
  ],
};
export const plans: ReadonlyMap<string, Plan> = new Map([
  ["small", planModel(model, { selection: "head" })],
  ["large", planModel(model, { selection: "all" })],
]);
export const normalisation = { scale: [1, 0.5, 2], offset: [0, 0.1, -0.2] };
const first = initialise(shapeModel(model), seeded(4));

/** A run that goes through any number of sessions: its boards, and the file as it was when the last session ended or was killed. */
export class TestRun {
  readonly boards: TestBoard[];
  readonly setups: BoardSetup[];
  path: string;
  private killed = 0;

  /** @param classes of the boards, which are called board-0, board-1, … */
  constructor(classes: string[]) {
    this.setups = classes.map((name, i) => ({ id: `board-${i}`, name: `wrist-${i}`, class: name, speed: 1 / (1 + i) }));
    this.boards = this.setups.map(({ id, class: name }, i) => new TestBoard(id, plans.get(name)!, wasm, 77 + i));
    this.path = join(mkdtempSync(join(tmpdir(), "ftte-run-")), "runs.sqlite");
    const store = Store.open(this.path);
    const run = store.createRun("test", "{}").id;
    store.open(run).putModel(0, first, 0);
    store.close();
  }

  /** Goes on with a copy of the file as it is at this moment, as after a power cut. */
  snapshot(): void {
    const copy = join(mkdtempSync(join(tmpdir(), "ftte-run-")), `${this.killed++}.sqlite`);
    for (const suffix of ["", "-wal"])
      if (existsSync(this.path + suffix)) copyFileSync(this.path + suffix, copy + suffix);
    this.path = copy;
  }
}

type Given = Omit<CoordinatorOptions, "strategy" | "store" | "fleet" | "listener" | "run" | "boards">;

export interface SessionOptions extends Partial<Omit<Given, "schedule">> {
  strategy: Strategy;
  /** Orders end in virtual time; true by default. */
  deterministic?: boolean;
  script: Script;
  /** Of the updates, int8 by default. */
  encoding?: UpdateEncoding;
  /** Kills the host at so many-th event of the fleet or step of the fold, counted from 1. */
  killAt?: number;
  /** For tests that disturb a session from outside. */
  onFleet?: (fleet: ScriptedFleet) => void;
  on?: (event: RunEvent, fleet: ScriptedFleet) => void;
}

export interface Session {
  summary: Summary | undefined; // none when killed
  fleet: ScriptedFleet;
  events: RunEvent[];
  points: number; // events and steps at which it could have been killed
}

class Killed extends Error {}

/** Runs a session to its end. Rejects with what the coordinator rejects with. */
export async function session(run: TestRun, options: SessionOptions): Promise<Session> {
  const { script, killAt, on, onFleet, deterministic = true, encoding = "int8", ...o } = options;
  const store = Store.open(run.path);
  const end = new AbortController();
  let points = 0;
  const point = () => {
    if (++points !== killAt) return;
    run.snapshot();
    end.abort();
    throw new Killed();
  };
  const before: Script["before"] = (event) => {
    script.before?.(event);
    point();
  };
  const fleet = new ScriptedFleet(run.boards, { ...script, before, onBroken: () => end.abort() });
  onFleet?.(fleet);
  const events: RunEvent[] = [];
  const coordinator = new Coordinator({
    run: 1,
    boards: run.setups,
    plans,
    folder: folders[foldedAs(encoding)],
    kernels: Uint8Array.of(1, 2, 3),
    normalisation,
    training: { steps: 8, learningRate: 0.05, checkpointEvery: 0, encoding },
    seed: 9,
    ...(deterministic && { schedule: evenSchedule(9) }),
    refreshFrozenEvery: 0,
    normLimit: 1e3,
    stop: { versions: 5 },
    clock: () => performance.now() / 1000,
    evaluate: async () => ({ accuracy: 0, loss: 0 }),
    passed: point,
    ...o,
    store: store.open(1),
    fleet,
    listener: (event) => {
      events.push(event);
      on?.(event, fleet);
    },
  });
  let stalled = false;
  const watchdog = setTimeout(() => {
    stalled = true;
    end.abort();
  }, 45_000);
  try {
    const summary = await coordinator.run(end.signal);
    if (fleet.broken) throw fleet.broken;
    if (stalled) throw new Error("the session stalls: nothing ended it");
    const killed = killAt !== undefined && points >= killAt;
    return { summary: killed ? undefined : summary, fleet, events, points };
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return { summary: undefined, fleet, events, points };
  } finally {
    clearTimeout(watchdog);
    await fleet.close();
    store.close();
  }
}
