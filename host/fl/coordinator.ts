// The loop around a Strategy: gives boards orders, receives updates, makes them durable, folds them, and goes on after any interruption.
// I/O comes from outside: a Fleet that talks to boards, a RunStore that remembers, a clock. What each event changes is committed
// in one transaction, so a kill at any moment loses nothing and repeats nothing.
//
// Its parts: orders.ts (what a board gets next), arrivals.ts (what comes in, and the server step), evaluations.ts, timers.ts.

import { FtteError } from "../errors.ts";
import { type ArrivalOptions, Arrivals, type Fold } from "./arrivals.ts";
import { Evaluations, type Metrics } from "./evaluations.ts";
import type { BoardActivity, RunEvent } from "./events.ts";
import type { Fleet, FleetEvent } from "./fleet.ts";
import {
  type Assignment,
  type Board,
  type BoardSetup,
  factsOf,
  type ModelVersion,
  type OrderOptions,
  Orders,
  restoredBoard,
} from "./orders.ts";
import type { Arrival } from "./run_store.ts";
import type { BoardFacts } from "./strategy.ts";
import { after, Reach } from "./timers.ts";
import { isOfRun, validateUpdate } from "./validate.ts";

export type { BoardSetup } from "./orders.ts";

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

export interface CoordinatorOptions extends OrderOptions, ArrivalOptions {
  fleet: Fleet;
  boards: BoardSetup[];
  normLimit: number;
  stop: { versions?: number; seconds?: number; accuracy?: number };
  clock: () => number; // seconds since this process took the run up
  /** Accuracy of a model on held-out data. Runs beside the loop; versions that come meanwhile are skipped, except the last. */
  evaluate: (parameters: Float32Array) => Promise<Metrics>;
  listener: (event: RunEvent) => void;
  /** A board that is out of reach for longer is lost: the user is told, and no step waits for it. 60 by default. */
  lostAfterSeconds?: number;
  /** Called at each of foldSteps. */
  passed?: (step: FoldStep) => void;
}

/** A board whose orders come to nothing so often in a row, refused or with invalid updates, gets no more until the run is taken up again. */
const failureLimit = 3;
const isFit = (board: Board) => board.failures < failureLimit;

export interface Summary {
  version: number;
  parameters: Float32Array;
  updates: { folded: number; rejected: number; duplicates: number; lost: number };
  reason: "versions" | "time" | "accuracy" | "interrupted";
}

export class Coordinator {
  private readonly boards = new Map<string, Board>();
  private readonly flying = new Map<string, Assignment>(); // by board; also of boards that left the fleet with an update received
  private readonly orders: Orders;
  private readonly arrivals: Arrivals;
  private readonly evaluations: Evaluations;
  private readonly reach: Reach;
  private model: ModelVersion = { version: 0, parameters: new Float32Array() };
  private accuracy = 0;
  private readonly accepted = new Map<string, { board: string; task: number }>();
  private counts = { folded: 0, rejected: 0, duplicates: 0 };
  private unsavedDuplicates = 0;
  private finish: (reason: Summary["reason"]) => void = () => {};
  private failed: (error: unknown) => void = () => {};
  private over = false;

  constructor(private readonly o: CoordinatorOptions) {
    this.orders = new Orders(o);
    this.arrivals = new Arrivals(o);
    const fail = (error: unknown) => this.fail(error);
    this.evaluations = new Evaluations(o.evaluate, (version, metrics) => this.measured(version, metrics), fail);
    this.reach = new Reach(o.lostAfterSeconds ?? 60, (id) => this.guard(() => this.onLost(this.boards.get(id)!)));
  }

  /** Runs until a stop condition holds or the signal aborts. Rejects when the store, the fleet or an evaluation fails. */
  async run(signal?: AbortSignal): Promise<Summary> {
    this.restore();
    const done = new Promise<Summary["reason"]>((resolve, reject) => {
      this.finish = resolve;
      this.failed = reject;
    });
    done.catch(() => {}); // it may fail before it is awaited
    const interrupt = () => this.end("interrupted");
    signal?.addEventListener("abort", interrupt);
    const { seconds } = this.o.stop;
    const cancel = seconds === undefined ? undefined : after(seconds, () => this.end("time"));
    try {
      if (signal?.aborted) interrupt();
      await this.start();
      return await this.summary(await done);
    } finally {
      this.over = true;
      cancel?.();
      this.reach.close();
      signal?.removeEventListener("abort", interrupt);
    }
  }

  private async start(): Promise<void> {
    const reached = this.reached();
    if (reached) this.end(reached);
    this.evaluations.request(this.model);
    if (this.over) return;
    await this.o.fleet.open((event) => this.guard(() => this.on(event)));
    this.guard(() => this.begin());
  }

  private async summary(reason: Summary["reason"]): Promise<Summary> {
    await this.evaluations.finished();
    if (this.unsavedDuplicates) this.o.store.commit({ duplicates: this.unsavedDuplicates });
    return { ...this.model, updates: { ...this.counts, lost: this.lost() }, reason };
  }

  /** Updates that a board was told are safe, and that the store does not hold: always 0, or the store lied. */
  private lost(): number {
    return [...this.accepted.values()].filter(({ board, task }) => !this.o.store.holds(board, task)).length;
  }

  private guard(work: () => void): void {
    try {
      if (!this.over) work();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.over = true;
    this.failed(error);
  }

  private end(reason: Summary["reason"]): void {
    this.over = true;
    this.finish(reason);
  }

  private notice(text: string): void {
    this.o.listener({ type: "notice", seconds: this.o.clock(), text });
  }

  // ---- taking the run up ----

  private restore(): void {
    const { store, boards } = this.o;
    const model = store.model();
    if (!model) throw new FtteError("run-unknown", `run ${this.o.run} has no model; start a new one`);
    this.model = model;
    this.counts = store.counts();
    const stored = new Map(store.boards().map((b) => [b.id, b]));
    for (const setup of boards) {
      const plan = this.o.plans.get(setup.class);
      if (!plan)
        throw new FtteError("config-invalid", `there is no plan for board class ${setup.class} of ${setup.name}`);
      this.boards.set(setup.id, restoredBoard(setup, plan, stored.get(setup.id)));
    }
    const tasks = store.tasks();
    for (const task of tasks)
      if (task.state === "received" || (task.state === "sent" && this.boards.has(task.board)))
        this.flying.set(task.board, { task, stage: task.state });
    this.arrivals.restore(
      tasks.filter((t) => t.state === "arrived"),
      store.virtualTime(),
    );
  }

  /** Sends boards back to their orders, and gives the others new ones. */
  private begin(): void {
    for (const board of this.boards.values()) {
      if (!board.online) this.reach.gone(board.id);
      const assignment = this.flying.get(board.id);
      if (assignment?.stage === "sent") this.o.fleet.dispatch(this.orders.order(board, assignment.task, this.model));
    }
    this.step();
    this.settle();
  }

  // ---- what boards say ----

  private on(event: FleetEvent): void {
    const board = this.boards.get(event.board);
    if (!board) return;
    switch (event.type) {
      case "online":
        return this.onOnline(board);
      case "offline":
        board.online = false;
        this.reach.gone(board.id);
        return this.tell(board, "offline", event.reason);
      case "phase":
        return this.tell(board, event.phase);
      case "progress": {
        const { step, steps, loss, battery } = event.progress;
        const { bytesPerSecond } = event;
        const seconds = this.o.clock();
        return this.o.listener({
          type: "progress",
          seconds,
          board: board.id,
          step,
          steps,
          loss,
          battery,
          bytesPerSecond,
        });
      }
      case "update":
        return this.onUpdate(board, event.task, event.bytes);
      case "refused":
        return this.onRefused(board, event.task, event.reason);
      case "error":
        return this.notice(`${board.name}: ${event.message}`);
      default:
        return undefined;
    }
  }

  private tell(board: Board, activity: BoardActivity, note?: string): void {
    const event = { type: "board", seconds: this.o.clock(), board: board.id, activity } as const;
    this.o.listener(note ? { ...event, note } : event);
  }

  private onOnline(board: Board): void {
    board.online = true;
    this.reach.back(board.id);
    this.tell(board, "idle");
    if (!board.lost) return;
    board.lost = false;
    this.notice(`${board.name} is back`);
    this.step();
  }

  /** Whoever waits for it must know. The deterministic schedule waits for every board, since its outcome may not hang on real time. */
  private onLost(board: Board): void {
    const what = `${board.name} has been out of reach for ${this.o.lostAfterSeconds ?? 60} s`;
    if (this.o.deterministic) return this.notice(`${what}; the deterministic schedule waits for it: is it powered?`);
    board.lost = true;
    this.notice(`${what}; the run goes on without it until it is back`);
    this.step();
  }

  /** The board cannot do its order: it gets another one. */
  private onRefused(board: Board, task: number, reason: string): void {
    this.notice(`${board.name} refused task ${task}: ${reason}`);
    const assignment = this.flying.get(board.id);
    if (assignment?.task.task === task && assignment.stage === "sent") this.fall(assignment, reason);
  }

  private onUpdate(board: Board, task: number, bytes: Uint8Array): void {
    this.o.passed?.("update-received");
    const assignment = this.flying.get(board.id);
    if (assignment?.task.task !== task || assignment.stage !== "sent") return this.onUnexpected(board, task, bytes);
    try {
      this.check(board, assignment, bytes);
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      this.o.fleet.acknowledge(board.id, task, "rejected");
      return this.fall(assignment, error.message);
    }
    assignment.stage = "storing";
    this.o.store.putUpdate(board.id, task, bytes).then(
      () => this.guard(() => this.onDurable(board, assignment, bytes)),
      (error) => this.fail(error),
    );
  }

  private check(board: Board, { task }: Assignment, bytes: Uint8Array): void {
    const { run, normLimit, training } = this.o;
    const { baseVersion } = task;
    const expected = { run, task: task.task, baseVersion, steps: training.steps, normLimit };
    validateUpdate(bytes, { ...expected, board: board.name, plan: board.plan });
  }

  /** Not what the board works on: it did not hear a verdict, or it was never asked. Only what the store holds is accepted. */
  private onUnexpected(board: Board, task: number, bytes: Uint8Array): void {
    const { fleet, store, run } = this.o;
    const isOurs = isOfRun(bytes, run) && task >= 1 && task <= board.tasks;
    if (!isOurs) {
      fleet.acknowledge(board.id, task, "rejected");
      return this.notice(`${board.name} sent an update of a task that this run never gave it; it was not used`);
    }
    this.counts.duplicates++;
    this.unsavedDuplicates++;
    this.tellUpdate(board.id, "duplicate", 0);
    const assignment = this.flying.get(board.id);
    if (assignment?.task.task === task && assignment.stage === "storing") return; // the verdict follows
    if (store.holds(board.id, task)) this.accept(board, task);
    else fleet.acknowledge(board.id, task, "rejected");
  }

  private tellUpdate(board: string, outcome: "folded" | "rejected" | "duplicate", staleness: number, reason?: string) {
    const event = { type: "update", seconds: this.o.clock(), board, outcome, staleness } as const;
    this.o.listener(reason === undefined ? event : { ...event, reason });
  }

  private accept(board: Board, task: number): void {
    this.accepted.set(`${board.id}/${task}`, { board: board.id, task });
    this.o.fleet.acknowledge(board.id, task, "accepted");
  }

  private onDurable(board: Board, assignment: Assignment, bytes: Uint8Array): void {
    this.o.passed?.("update-stored");
    assignment.stage = "received";
    assignment.task.update = bytes;
    this.accept(board, assignment.task.task);
    this.o.passed?.("update-acknowledged");
    this.tell(board, "waiting");
    this.settle();
  }

  // ---- the ends of orders ----

  /** Nothing comes of this order. */
  private fall(assignment: Assignment, reason: string): void {
    assignment.stage = "failed";
    assignment.reason = reason;
    this.settle();
  }

  /** Ends every order whose turn has come. */
  private settle(): void {
    while (!this.over) {
      const next = this.arrivals.next(this.flying.values());
      if (!next) return;
      this.flying.delete(next.task.board);
      this.arrivals.pass(next.task);
      if (next.stage === "failed") this.drop(next);
      else this.enter(next);
    }
  }

  private enter({ task }: Assignment): void {
    this.o.passed?.("arrival-ready");
    const arrival = this.arrivals.add(task);
    const board = this.boards.get(task.board);
    if (board) Object.assign(board, { lastVersion: task.baseVersion, failures: 0 });
    this.step({ board: task.board, task: task.task, state: "arrived", arrival });
  }

  private drop({ task, reason = "" }: Assignment): void {
    const board = this.boards.get(task.board)!;
    board.failures++;
    this.counts.rejected++;
    this.step({ board: task.board, task: task.task, state: "rejected", arrival: 0, reason });
    this.tellUpdate(board.id, "rejected", 0, reason);
    if (board.failures !== failureLimit) return;
    const what = `${board.name} failed ${failureLimit} tasks in a row and gets no more in this session`;
    this.notice(`${what}: ${reason}`);
    if (![...this.boards.values()].some(isFit))
      throw new FtteError("board-lost", `every board fails its tasks; the last one: ${reason}`);
  }

  /** What the end of an order brings about: perhaps a server step, and new orders; committed with it as one. */
  private step(ended?: Arrival["task"]): void {
    const fold = this.arrivals.fold(this.model, this.facts());
    const orders = this.newOrders(fold ?? this.model);
    if (!ended && !fold && orders.length === 0) return;
    this.commit({ orders, ...(ended && { task: ended }), ...(fold && { fold: { ...fold, seconds: this.o.clock() } }) });
    if (ended) this.o.passed?.("arrival-committed");
    if (fold) this.folded(fold);
    const reached = this.reached();
    if (reached) return this.end(reached);
    this.dispatch(orders);
  }

  private commit(arrival: Partial<Arrival>): void {
    this.o.store.commit({ ...arrival, duplicates: this.unsavedDuplicates });
    this.unsavedDuplicates = 0;
  }

  private facts(): BoardFacts[] {
    return [...this.boards.values()].filter(isFit).map((board) => factsOf(board, this.flying.has(board.id)));
  }

  /** Orders for the boards that the strategy picks. */
  private newOrders(model: ModelVersion): Arrival["orders"] {
    const picked = this.o.strategy.assign(this.facts(), model.version);
    return picked.map((id) => this.orders.next(this.boards.get(id)!, model, this.arrivals.now));
  }

  private dispatch(orders: Arrival["orders"]): void {
    for (const { task, held: values } of orders) {
      const board = this.boards.get(task.board)!;
      const held = { version: task.baseVersion, values };
      Object.assign(board, { tasks: task.task, frozenVersion: task.frozenVersion, held });
      this.flying.set(board.id, { task, stage: "sent" });
      this.o.fleet.dispatch(this.orders.order(board, task, this.model));
    }
    if (orders.length) this.o.passed?.("orders-dispatched");
  }

  private folded({ version, parameters, folded }: Fold): void {
    this.arrivals.clear();
    this.model = { version, parameters };
    for (const { board, staleness } of folded) {
      this.counts.folded++;
      this.tellUpdate(board, "folded", staleness);
    }
    this.o.listener({ type: "version", seconds: this.o.clock(), version });
    this.evaluations.request(this.model);
  }

  private reached(): Summary["reason"] | undefined {
    const { versions, accuracy } = this.o.stop;
    if (versions !== undefined && this.model.version >= versions) return "versions";
    if (accuracy !== undefined && this.accuracy >= accuracy) return "accuracy";
    return undefined;
  }

  private measured(version: number, { accuracy, loss }: Metrics): void {
    const seconds = this.o.clock();
    this.accuracy = accuracy;
    this.o.store.putEvaluation(version, seconds, { accuracy, loss });
    this.o.listener({ type: "evaluation", seconds, version, accuracy, loss });
    if (!this.over && this.reached() === "accuracy") this.end("accuracy");
  }
}
