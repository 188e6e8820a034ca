// The loop around a Strategy: gives boards orders, receives updates, makes them durable, folds them, and goes on after any interruption.
// I/O comes from outside: a Fleet that talks to boards, a RunStore that remembers, a clock. What each event changes is committed
// in one transaction, so a kill at any moment loses nothing and repeats nothing.
//
// Deterministic schedule: every order has a seeded virtual duration, and updates enter the buffer in the order of their virtual completion,
// whatever the real one was. The same seed gives the same model, bit for bit, through kills on either side.

import { crc32 } from "node:zlib";
import { FtteError } from "../errors.ts";
import { packFrozen } from "../plan/frozen.ts";
import { applyRows, bytesOf, encodeDelta, encodeRows, encodeSlice, gatherSlice } from "../plan/slice.ts";
import type { Normalisation, Plan } from "../plan/types.ts";
import { decodeUpdateHeader, UpdateHeaderBytes } from "../wire/spec.gen.ts";
import { aggregate, type Folder, variances } from "./aggregate.ts";
import type { RunEvent } from "./events.ts";
import type { Fleet, FleetEvent, Order } from "./fleet.ts";
import type { Arrival, RunStore, StoredTask } from "./run_store.ts";
import type { BoardFacts, Strategy, UpdateFacts } from "./strategy.ts";
import { validateUpdate } from "./validate.ts";

/** Moments at which a test may kill the host. */
export const foldSteps = [
  "update-received",
  "update-stored",
  "update-acknowledged",
  "arrival-ready",
  "arrival-committed",
  "orders-dispatched",
] as const;
export type FoldStep = (typeof foldSteps)[number];

export interface BoardSetup {
  id: string;
  name: string;
  class: string;
  /** Share of full speed that the deterministic schedule assumes. */
  speed: number;
}

export interface CoordinatorOptions {
  run: number;
  store: RunStore;
  fleet: Fleet;
  strategy: Strategy;
  folder: Folder;
  boards: BoardSetup[];
  plans: ReadonlyMap<string, Plan>; // by board class
  kernels: Uint8Array;
  normalisation: Normalisation;
  training: { steps: number; learningRate: number; checkpointEvery: number };
  seed: number;
  deterministic: boolean;
  refreshFrozenEvery: number;
  normLimit: number;
  stop: { versions?: number; seconds?: number; accuracy?: number };
  clock: () => number; // seconds since this process took the run up
  /** Accuracy of a model on held-out data. Runs beside the loop; versions that come meanwhile are skipped, except the last. */
  evaluate: (parameters: Float32Array) => Promise<{ accuracy: number; loss: number }>;
  listener: (event: RunEvent) => void;
  /** Called at each of foldSteps. */
  passed?: (step: FoldStep) => void;
}

/** A number in [0, 1) from a key: the same key, the same number (FNV-1a, then a finaliser of MurmurHash3). */
function keyed(...key: (number | string)[]): number {
  let h = 0x811c9dc5;
  for (const c of key.join("/")) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

interface Board extends BoardSetup {
  plan: Plan;
  tasks: number;
  held: { version: number; values: Float32Array } | undefined;
  current: StoredTask | undefined; // sent or received
  frozenVersion: number;
  lastVersion: number;
  online: boolean;
  refusals: number; // in a row
}

/** A board that refuses so many orders in a row gets no more of them until the run is taken up again. */
const refusalLimit = 3;

export interface Summary {
  version: number;
  parameters: Float32Array;
  updates: { folded: number; rejected: number; duplicates: number; lost: number };
  reason: "versions" | "time" | "accuracy" | "interrupted";
}

export class Coordinator {
  private readonly boards = new Map<string, Board>();
  private readonly buffer: StoredTask[] = [];
  private readonly frozenImages = new Map<string, { bytes: Uint8Array; crc: number }>();
  private readonly kernelsCrc: number;
  private version = 0;
  private parameters: Float32Array = new Float32Array();
  private arrivals = 0;
  private now = 0; // virtual time
  private evaluating: Promise<void> | undefined;
  private wantsEvaluation = false;
  private accuracy = 0;
  private readonly accepted: { board: string; task: number }[] = [];
  private counts = { folded: 0, rejected: 0, duplicates: 0 };
  private finish: ((reason: Summary["reason"]) => void) | undefined;
  private failed: ((error: unknown) => void) | undefined;
  private over = false;

  constructor(private readonly o: CoordinatorOptions) {
    this.kernelsCrc = crc32(o.kernels);
  }

  /** Runs until a stop condition holds or the signal aborts. Rejects when the store or the fleet fails. */
  async run(signal?: AbortSignal): Promise<Summary> {
    this.restore();
    const done = new Promise<Summary["reason"]>((resolve, reject) => {
      this.finish = resolve;
      this.failed = reject;
    });
    signal?.addEventListener("abort", () => this.end("interrupted"));
    const seconds = this.o.stop.seconds;
    const timer = seconds === undefined ? undefined : setTimeout(() => this.end("time"), seconds * 1000);
    if (signal?.aborted) this.end("interrupted");
    if (this.reached()) this.end(this.reached()!);
    this.evaluate();
    if (!this.over) {
      await this.o.fleet.open((event) => this.guard(() => this.on(event)));
      this.guard(() => this.begin());
    }
    const reason = await done;
    clearTimeout(timer);
    await this.evaluating;
    return {
      version: this.version,
      parameters: this.parameters,
      updates: { ...this.counts, lost: this.lost() },
      reason,
    };
  }

  /** Updates that a board was told are safe, and that the store does not hold: always 0, or the store lied. */
  private lost(): number {
    return this.accepted.filter(({ board, task }) => !this.o.store.holds(board, task)).length;
  }

  private guard(work: () => void): void {
    try {
      if (!this.over) work();
    } catch (error) {
      this.over = true;
      this.failed?.(error);
    }
  }

  private end(reason: Summary["reason"]): void {
    this.over = true;
    this.finish?.(reason);
  }

  private emit(event: RunEvent): void {
    this.o.listener(event);
  }

  // ---- taking the run up ----

  private restore(): void {
    const { store } = this.o;
    const model = store.model();
    if (!model) throw new FtteError("run-unknown", `run ${this.o.run} has no model; start a new one`);
    this.version = model.version;
    this.parameters = model.parameters;
    this.counts = store.counts();
    const stored = new Map(store.boards().map((b) => [b.id, b]));
    for (const setup of this.o.boards) this.boards.set(setup.id, this.board(setup, stored.get(setup.id)));
    for (const task of store.tasks()) {
      const board = this.boards.get(task.board);
      if (task.state === "arrived") this.buffer.push(task);
      else if (board) board.current = task;
      if (board) board.frozenVersion = task.frozenVersion;
      if (task.state === "arrived" && board) board.lastVersion = task.baseVersion;
      this.now = Math.max(this.now, task.state === "arrived" ? task.finish : 0);
    }
    this.buffer.sort((a, b) => a.arrival - b.arrival);
    this.arrivals = this.buffer.at(-1)?.arrival ?? 0;
  }

  private board(
    setup: BoardSetup,
    stored: { tasks: number; held?: { version: number; values: Float32Array } } | undefined,
  ): Board {
    const plan = this.o.plans.get(setup.class);
    if (!plan)
      throw new FtteError("config-invalid", `there is no plan for board class ${setup.class} of ${setup.name}`);
    return {
      ...setup,
      plan,
      tasks: stored?.tasks ?? 0,
      held: stored?.held,
      current: undefined,
      frozenVersion: 0,
      lastVersion: -1,
      online: false,
      refusals: 0,
    };
  }

  /** Sends boards back to their orders, and gives the others new ones. */
  private begin(): void {
    for (const board of this.boards.values()) {
      if (board.current?.state === "sent") this.o.fleet.dispatch(this.order(board, board.current));
    }
    const orders = this.newOrders([], this.version, this.parameters);
    if (orders.length) this.o.store.commit({ orders });
    this.dispatch(orders);
    this.arrive();
  }

  // ---- orders ----

  private facts(busyAfter: ReadonlySet<string>): BoardFacts[] {
    const fit = [...this.boards.values()].filter((b) => b.refusals < refusalLimit);
    return fit.map((b) => ({
      id: b.id,
      boardClass: b.class,
      online: b.online,
      lost: false,
      busy: b.current !== undefined && !busyAfter.has(b.id),
      tasksDone: b.tasks,
      lastVersion: b.lastVersion,
    }));
  }

  /** Orders for the boards that the strategy picks; `freed` have just finished theirs. */
  private newOrders(freed: string[], version: number, parameters: Float32Array): Arrival["orders"] {
    const picked = this.o.strategy.assign(this.facts(new Set(freed)), version);
    return picked.map((id) => this.newOrder(this.boards.get(id)!, version, parameters));
  }

  private newOrder(board: Board, version: number, parameters: Float32Array): Arrival["orders"][number] {
    const target = gatherSlice(board.plan, parameters);
    const { held } = board;
    const rows =
      held &&
      encodeRows(
        board.plan,
        target.map((v, i) => v - held.values[i]!),
      );
    // What the board will hold exactly: the difference to the model is made up for by the next delta (error feedback).
    const values = rows ? applyRows(board.plan, held.values, rows) : target;
    const crc = crc32(bytesOf(values));
    const task = board.tasks + 1;
    const stale = this.o.refreshFrozenEvery > 0 && version - board.frozenVersion >= this.o.refreshFrozenEvery;
    const stored: StoredTask = {
      board: board.id,
      task,
      baseVersion: version,
      frozenVersion: stale ? version : board.frozenVersion,
      seed: Math.floor(keyed(this.o.seed, board.name, task) * 2 ** 32),
      finish: this.now + (0.75 + 0.5 * keyed("duration", this.o.seed, board.name, task)) / board.speed,
      full: encodeSlice(version, values),
      state: "sent",
      arrival: 0,
    };
    if (rows) {
      const from = { version: held.version, crc: crc32(bytesOf(held.values)) };
      stored.delta = {
        baseVersion: from.version,
        baseCrc: from.crc,
        bytes: encodeDelta(board.plan, from, { version, crc }, rows),
      };
    }
    return { task: stored, held: values };
  }

  private dispatch(orders: Arrival["orders"]): void {
    for (const { task, held } of orders) {
      const board = this.boards.get(task.board)!;
      Object.assign(board, { tasks: task.task, current: task, frozenVersion: task.frozenVersion });
      board.held = { version: task.baseVersion, values: held };
      this.o.fleet.dispatch(this.order(board, task));
    }
    if (orders.length) this.o.passed?.("orders-dispatched");
  }

  private order(board: Board, task: StoredTask): Order {
    const frozen = this.frozen(board, task.frozenVersion);
    const { training, kernels } = this.o;
    const slice = { version: task.baseVersion, crc: crc32(task.full.subarray(8)), full: task.full };
    return {
      run: this.o.run,
      board: board.id,
      task: task.task,
      required: [
        { kind: "kernels", bytes: kernels, crc: this.kernelsCrc },
        { kind: "plan", bytes: board.plan.binary, crc: board.plan.planCrc },
        { kind: "frozen", bytes: frozen.bytes, crc: frozen.crc },
      ],
      slice: task.delta ? { ...slice, delta: task.delta } : slice,
      ...training,
      seed: task.seed,
    };
  }

  /** The frozen image of a board's class as of a model version. */
  private frozen(board: Board, version: number): { bytes: Uint8Array; crc: number } {
    const key = `${board.class}/${version}`;
    const known = this.frozenImages.get(key);
    if (known) return known;
    const model = version === this.version ? { parameters: this.parameters } : this.o.store.model(version);
    if (!model)
      throw new FtteError(
        "store-corrupt",
        `run ${this.o.run} lacks model version ${version}, which ${board.name} needs`,
      );
    const bytes = packFrozen(board.plan, model.parameters, this.o.normalisation);
    const image = { bytes, crc: crc32(bytes) };
    this.frozenImages.set(key, image);
    return image;
  }

  // ---- what boards say ----

  private on(event: FleetEvent): void {
    const board = this.boards.get(event.board);
    if (!board) return;
    const seconds = this.o.clock();
    const activity = (name: "offline" | "idle" | "sending" | "training" | "reporting", note?: string) =>
      this.emit({ type: "board", seconds, board: board.id, activity: name, ...(note ? { note } : {}) });
    switch (event.type) {
      case "online":
        board.online = true;
        return activity("idle");
      case "offline":
        board.online = false;
        return activity("offline", event.reason);
      case "phase":
        return activity(event.phase);
      case "progress": {
        const { step, steps, loss, battery } = event.progress;
        return this.emit({
          type: "progress",
          seconds,
          board: board.id,
          step,
          steps,
          loss,
          battery,
          bytesPerSecond: event.bytesPerSecond,
        });
      }
      case "update":
        return this.onUpdate(board, event.task, event.bytes);
      case "refused":
        return this.onRefused(board, event.task, event.reason);
      case "error":
        return this.emit({ type: "notice", seconds, text: `${board.name}: ${event.message}` });
      default:
        return undefined;
    }
  }

  /** The board cannot do its order: it gets another one. */
  private onRefused(board: Board, task: number, reason: string): void {
    this.emit({ type: "notice", seconds: this.o.clock(), text: `${board.name} refused task ${task}: ${reason}` });
    if (board.current?.task !== task || board.current.state !== "sent") return;
    board.refusals++;
    if (board.refusals === refusalLimit) this.setAside(board, reason);
    this.reject(board, board.current, reason);
  }

  private setAside(board: Board, reason: string): void {
    const text = `${board.name} refused ${refusalLimit} tasks in a row and gets no more in this session: ${reason}`;
    this.emit({ type: "notice", seconds: this.o.clock(), text });
    if ([...this.boards.values()].every((b) => b.refusals >= refusalLimit))
      throw new FtteError("board-lost", `every board refuses its tasks; the last one: ${reason}`);
  }

  private onUpdate(board: Board, task: number, bytes: Uint8Array): void {
    this.o.passed?.("update-received");
    const known = board.current?.task === task && board.current.state === "sent";
    const mine = bytes.length >= UpdateHeaderBytes && decodeUpdateHeader(bytes).run === this.o.run;
    if (!known || !mine) {
      // Its acknowledgement was lost, or it is from another run: durable or useless already.
      this.o.fleet.acknowledge(board.id, task, mine ? "accepted" : "rejected");
      if (mine) this.counts.duplicates++;
      this.emit({ type: "update", seconds: this.o.clock(), board: board.id, outcome: "duplicate", staleness: 0 });
      return;
    }
    const current = board.current!;
    try {
      this.check(board, current, bytes);
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      this.o.fleet.acknowledge(board.id, task, "rejected");
      return this.reject(board, current, error.message);
    }
    this.o.store.putUpdate(board.id, task, bytes).then(
      () => this.guard(() => this.onDurable(board, current, bytes)),
      (error) =>
        this.guard(() => {
          throw error;
        }),
    );
  }

  private check(board: Board, task: StoredTask, bytes: Uint8Array) {
    return validateUpdate(bytes, {
      board: board.name,
      run: this.o.run,
      task: task.task,
      baseVersion: task.baseVersion,
      steps: this.o.training.steps,
      plan: board.plan,
      normLimit: this.o.normLimit,
    });
  }

  private onDurable(board: Board, task: StoredTask, bytes: Uint8Array): void {
    if (task.state !== "sent") return; // the same update came twice before the commit
    this.o.passed?.("update-stored");
    board.refusals = 0;
    task.state = "received";
    task.update = bytes;
    this.accepted.push({ board: board.id, task: task.task });
    this.o.fleet.acknowledge(board.id, task.task, "accepted");
    this.o.passed?.("update-acknowledged");
    this.emit({ type: "board", seconds: this.o.clock(), board: board.id, activity: "waiting" });
    this.arrive(task);
  }

  private reject(board: Board, task: StoredTask, reason: string): void {
    task.state = "rejected";
    task.reason = reason;
    this.counts.rejected++;
    this.emit({ type: "update", seconds: this.o.clock(), board: board.id, outcome: "rejected", staleness: 0, reason });
    this.now = Math.max(this.now, task.finish);
    const orders = this.newOrders([board.id], this.version, this.parameters);
    this.o.store.commit({ task: { board: board.id, task: task.task, state: "rejected", arrival: 0, reason }, orders });
    board.current = undefined;
    this.dispatch(orders);
    this.arrive();
  }

  // ---- arrivals and folding ----

  /** Lets updates into the buffer: the one that just came, or, with the deterministic schedule, whichever is next in virtual time. */
  private arrive(came?: StoredTask): void {
    while (!this.over) {
      const next = this.o.deterministic ? this.nextInVirtualTime() : (came ?? this.anyReceived());
      came = undefined;
      if (!next) return;
      this.enter(next);
    }
  }

  private nextInVirtualTime(): StoredTask | undefined {
    const flying = [...this.boards.values()].map((b) => b.current).filter((t) => t !== undefined);
    flying.sort((a, b) => a.finish - b.finish || (a.board < b.board ? -1 : 1));
    return flying[0]?.state === "received" ? flying[0] : undefined;
  }

  private anyReceived(): StoredTask | undefined {
    return [...this.boards.values()].map((b) => b.current).find((t) => t?.state === "received");
  }

  /** One arrival: into the buffer, perhaps a server step, new orders; committed as one. */
  private enter(task: StoredTask): void {
    const board = this.boards.get(task.board)!;
    this.o.passed?.("arrival-ready");
    this.now = Math.max(this.now, task.finish);
    task.state = "arrived";
    task.arrival = ++this.arrivals;
    this.buffer.push(task);
    board.current = undefined;
    board.lastVersion = task.baseVersion;
    const fold = this.fold();
    const version = fold?.version ?? this.version;
    const orders = this.newOrders([], version, fold?.parameters ?? this.parameters);
    const arrival: Arrival = {
      task: { board: task.board, task: task.task, state: "arrived", arrival: task.arrival },
      orders,
    };
    if (fold) arrival.fold = { ...fold, seconds: this.o.clock() };
    this.o.store.commit(arrival);
    this.o.passed?.("arrival-committed");
    if (fold) this.folded(fold);
    const reached = this.reached();
    if (reached) return this.end(reached);
    this.dispatch(orders);
  }

  private fold(): { version: number; parameters: Float32Array; folded: { board: string; task: number }[] } | undefined {
    const facts = this.bufferFacts([]);
    if (!this.o.strategy.ready(facts, this.facts(new Set()), this.version)) return undefined;
    const updates = this.buffer.map((t) => ({
      plan: this.boards.get(t.board)!.plan,
      rows: t.update!.subarray(UpdateHeaderBytes),
    }));
    const step = this.o.strategy.weigh(this.bufferFacts(variances(updates, this.parameters.length, this.o.folder)));
    const parameters = aggregate(this.parameters, updates, step, this.o.folder);
    if (!parameters.every(Number.isFinite))
      throw new FtteError("update-invalid", `folding version ${this.version + 1} gave numbers that are not finite`);
    return { version: this.version + 1, parameters, folded: this.buffer.map(({ board, task }) => ({ board, task })) };
  }

  private bufferFacts(variance: number[]): UpdateFacts[] {
    return this.buffer.map((task, i) => {
      const { samples, steps } = decodeUpdateHeader(task.update!);
      const { board, baseVersion } = task;
      return {
        board,
        task: task.task,
        baseVersion,
        staleness: this.version - baseVersion,
        samples,
        steps,
        variance: variance[i] ?? 0,
      };
    });
  }

  private folded(fold: { version: number; parameters: Float32Array }): void {
    const seconds = this.o.clock();
    for (const task of this.buffer) {
      this.counts.folded++;
      this.emit({
        type: "update",
        seconds,
        board: task.board,
        outcome: "folded",
        staleness: this.version - task.baseVersion,
      });
    }
    this.buffer.length = 0;
    this.version = fold.version;
    this.parameters = fold.parameters;
    this.emit({ type: "version", seconds, version: this.version });
    this.evaluate();
  }

  private reached(): Summary["reason"] | undefined {
    const { versions, accuracy } = this.o.stop;
    if (versions !== undefined && this.version >= versions) return "versions";
    if (accuracy !== undefined && this.accuracy >= accuracy) return "accuracy";
    return undefined;
  }

  /** One evaluation at a time; the newest version is evaluated when the running one ends. */
  private evaluate(): void {
    this.wantsEvaluation = true;
    this.evaluating ??= this.evaluations().finally(() => {
      this.evaluating = undefined;
    });
  }

  private async evaluations(): Promise<void> {
    while (this.wantsEvaluation) {
      this.wantsEvaluation = false;
      const { version, parameters } = this;
      const { accuracy, loss } = await this.o.evaluate(parameters);
      const seconds = this.o.clock();
      this.accuracy = accuracy;
      this.o.store.putEvaluation(version, seconds, { accuracy, loss });
      this.emit({ type: "evaluation", seconds, version, accuracy, loss });
      if (this.reached() === "accuracy") this.end("accuracy");
    }
  }
}
