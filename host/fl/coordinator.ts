// The loop around a Strategy: gives boards orders, receives updates, makes them durable, folds them, and goes on after any interruption.
// I/O comes from outside: a Fleet that talks to boards, a RunStore that remembers, a clock. What each event changes is committed
// in one transaction, so a kill at any moment loses nothing and repeats nothing.
//
// Here: a run from its start to its end, and what boards say. Its parts: assignments.ts (orders and their ends), orders.ts (what a board
// gets next), arrivals.ts (what comes in, and the server step), evaluations.ts, timers.ts.

import { FtteError } from "../errors.ts";
import { boardErrors } from "../wire/spec.gen.ts";
import { type AssignmentOptions, Assignments } from "./assignments.ts";
import { Average } from "./averaging.ts";
import { Evaluations, type Metrics } from "./evaluations.ts";
import { type RunEvent, Teller } from "./events.ts";
import type { FleetEvent } from "./fleet.ts";
import type { Assignment, Board } from "./orders.ts";
import type { Counts } from "./run_store.ts";
import { after, Waits } from "./timers.ts";
import { isOfRun, validateUpdate } from "./validate.ts";

export { type FoldStep, foldSteps } from "./assignments.ts";
export type { BoardSetup } from "./orders.ts";

export interface CoordinatorOptions extends AssignmentOptions {
  normLimit: number;
  stop: { versions?: number; seconds?: number; accuracy?: number };
  /** Accuracy of a model on held-out data. Runs beside the loop; versions that come meanwhile are skipped, except the last. */
  evaluate: (parameters: Float32Array) => Promise<Metrics>;
  listener: (event: RunEvent) => void;
  /** A board that is out of reach for longer is lost: the user is told, and no step waits for it. 60 by default; Infinity: none is. */
  lostAfterSeconds?: number;
  /** A board without samples gets an order again after so long; 10 by default. */
  emptyRetrySeconds?: number;
}

export interface Summary {
  version: number;
  /** Of that version, or the average over versions as of it where the server averages. */
  parameters: Float32Array;
  /** Lost in this session; the others since the run began. */
  updates: Counts & { lost: number };
  reason: "versions" | "time" | "accuracy" | "interrupted";
}

export class Coordinator {
  private readonly tell: Teller;
  private readonly assignments: Assignments;
  private readonly evaluations: Evaluations;
  private readonly average: Average;
  private readonly reach: Waits;
  /** Of boards without samples, for their next order. */
  private readonly empty: Waits;
  private readonly lostAfterSeconds: number;
  private accuracy = 0;
  private finish: (reason: Summary["reason"]) => void = () => {};
  private failed: (error: unknown) => void = () => {};
  private over = false;

  constructor(private readonly o: CoordinatorOptions) {
    const fail = (error: unknown) => this.fail(error);
    this.tell = new Teller(o.listener, o.clock);
    this.assignments = new Assignments(
      o,
      this.tell,
      () => this.over,
      () => this.onStep(),
    );
    this.average = new Average(o.server?.averaging);
    this.evaluations = new Evaluations(o.evaluate, (version, metrics) => this.onMeasured(version, metrics), fail);
    this.lostAfterSeconds = o.lostAfterSeconds ?? 60;
    this.reach = new Waits(this.lostAfterSeconds, (id) => this.guard(() => this.onLost(id)));
    this.empty = new Waits(o.emptyRetrySeconds ?? 10, (id) => this.guard(() => this.askAgain(id)));
  }

  /** Runs until a stop condition holds or the signal aborts. Rejects when the store, the fleet or an evaluation fails. */
  async run(signal?: AbortSignal): Promise<Summary> {
    this.assignments.restore();
    this.average.restore(this.o.store);
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
      this.empty.close();
      signal?.removeEventListener("abort", interrupt);
    }
  }

  private async start(): Promise<void> {
    this.endIfReached();
    this.evaluations.request(this.average.model);
    if (this.over) return;
    await this.o.fleet.open((event) => this.guard(() => this.on(event)));
    this.guard(() => {
      if (this.lostAfterSeconds < Number.POSITIVE_INFINITY) this.awaitBoards();
      this.assignments.begin();
    });
  }

  private awaitBoards(): void {
    const { boards } = this.assignments;
    for (let index = 0; index < boards.count; index++) {
      const { id, online } = boards.at(index);
      if (!online) this.reach.begin(id);
    }
  }

  private async summary(reason: Summary["reason"]): Promise<Summary> {
    await this.evaluations.finished();
    this.assignments.saveDuplicates();
    const { counts } = this.assignments;
    return { ...this.average.model, updates: { ...counts, lost: this.assignments.lost() }, reason };
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

  private endIfReached(): void {
    const { versions, accuracy } = this.o.stop;
    if (versions !== undefined && this.assignments.model.version >= versions) this.end("versions");
    else if (accuracy !== undefined && this.accuracy >= accuracy) this.end("accuracy");
  }

  private onStep(): void {
    this.average.add(this.assignments.model);
    this.evaluations.request(this.average.model);
    this.endIfReached();
  }

  private onMeasured(version: number, { accuracy, loss }: Metrics): void {
    const seconds = this.o.clock();
    this.accuracy = accuracy;
    this.o.store.putEvaluation(version, seconds, { accuracy, loss });
    this.o.listener({ type: "evaluation", seconds, version, accuracy, loss });
    if (!this.over) this.endIfReached();
  }

  // ---- what boards say ----

  private on(event: FleetEvent): void {
    const board = this.assignments.boards.get(event.board);
    if (!board) return;
    switch (event.type) {
      case "online":
        return this.onOnline(board);
      case "offline":
        board.online = false;
        this.reach.begin(board.id);
        return this.tell.board(board.id, "offline", event.reason);
      case "phase":
        return this.tell.board(board.id, event.phase);
      case "progress":
        return this.tell.progress(board.id, event.progress, event.bytesPerSecond);
      case "update":
        return this.onUpdate(board, event.task, event.bytes);
      case "refused":
        return this.onRefused(board, event);
      case "error":
        return this.tell.notice(`${board.name}: ${event.message}`);
      default:
        return undefined;
    }
  }

  private onOnline(board: Board): void {
    board.online = true;
    this.reach.end(board.id);
    this.tell.board(board.id, "idle");
    if (!board.lost) return;
    this.tell.notice(`${board.name} is back`);
    this.assignments.regain(board);
  }

  /** Whoever waits for it must know. The deterministic schedule waits for every board, since its outcome may not hang on real time. */
  private onLost(id: string): void {
    const board = this.assignments.boards.get(id)!;
    const what = `${board.name} has been out of reach for ${this.lostAfterSeconds} s`;
    if (this.o.schedule) return this.tell.notice(`${what}; the deterministic schedule waits for it: is it powered?`);
    this.tell.notice(`${what}; the run goes on without it until it is back`);
    this.assignments.lose(board);
  }

  /** The board cannot do its order: it gets another one. */
  private onRefused(board: Board, { task, code, reason }: Extract<FleetEvent, { type: "refused" }>): void {
    this.tell.notice(`${board.name} refused task ${task}: ${reason}`);
    const assignment = this.assignments.of(board, task);
    if (assignment?.stage !== "sent") return;
    // With a schedule the outcome may not hang on when a board has recorded something.
    if (code === boardErrors["samples-none"].code && !this.o.schedule) this.onEmpty(board, assignment, reason);
    else this.assignments.fall(assignment, reason);
  }

  /** A board that was just put on has not recorded anything yet: nobody waits for it, and it is asked again. */
  private onEmpty(board: Board, assignment: Assignment, reason: string): void {
    this.assignments.lose(board);
    this.assignments.fall(assignment, reason, "nobody");
    this.empty.end(board.id);
    this.empty.begin(board.id);
  }

  private askAgain(id: string): void {
    const board = this.assignments.boards.get(id)!;
    if (board.online && board.lost) this.assignments.regain(board);
  }

  private onUpdate(board: Board, task: number, bytes: Uint8Array): void {
    this.o.passed?.("update-received");
    const assignment = this.assignments.of(board, task);
    if (assignment?.stage !== "sent") return this.onUnexpected(board, task, bytes);
    if (this.o.schedule?.isLost({ board: board.name, index: board.index, task })) {
      this.o.fleet.acknowledge(board.id, task, "rejected");
      return this.assignments.fall(assignment, "lost, as the schedule has it", "nobody");
    }
    try {
      this.check(board, assignment, bytes);
    } catch (error) {
      if (!(error instanceof FtteError)) throw error;
      this.o.fleet.acknowledge(board.id, task, "rejected");
      return this.assignments.fall(assignment, error.message);
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
    const { steps, encoding } = training;
    const { name, plan } = board;
    validateUpdate(bytes, { board: name, run, task: task.task, baseVersion, steps, encoding, plan, normLimit });
  }

  private onDurable(board: Board, assignment: Assignment, bytes: Uint8Array): void {
    this.o.passed?.("update-stored");
    if (this.assignments.of(board, assignment.task.task) !== assignment) return; // given up meanwhile
    this.tell.board(board.id, "waiting");
    this.assignments.receive(assignment, bytes);
  }

  /** Not what the board works on: it did not hear a verdict, or it was never asked. Only what the store holds is accepted. */
  private onUnexpected(board: Board, task: number, bytes: Uint8Array): void {
    const { fleet, store, run } = this.o;
    const isOurs = isOfRun(bytes, run) && task >= 1 && task <= board.tasks;
    if (!isOurs) {
      fleet.acknowledge(board.id, task, "rejected");
      return this.tell.notice(`${board.name} sent an update of a task that this run never gave it; it was not used`);
    }
    this.assignments.countDuplicate();
    this.tell.update(board.id, "duplicate", 0);
    if (this.assignments.of(board, task)) return; // the verdict follows
    if (store.holds(board.id, task)) this.assignments.accept(board, task);
    else fleet.acknowledge(board.id, task, "rejected");
  }
}
