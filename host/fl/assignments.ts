// Orders from the moment they are given to their end, and what an end brings about: an update in the buffer, a server step, new orders,
// committed as one. Knows boards and their orders, the model and the counts; what boards say, and when the run is over, is coordinator.ts's.

import { FtteError } from "../errors.ts";
import { type ArrivalOptions, Arrivals, type Fold } from "./arrivals.ts";
import type { Teller } from "./events.ts";
import type { Fleet } from "./fleet.ts";
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

export interface AssignmentOptions extends OrderOptions, ArrivalOptions {
  fleet: Fleet;
  boards: BoardSetup[];
  clock: () => number; // seconds since this process took the run up
  /** Called at each of foldSteps. */
  passed?: (step: FoldStep) => void;
}

/** A board whose orders come to nothing so often in a row, refused or with invalid updates, gets no more until the run is taken up again. */
const failureLimit = 3;
const isFit = (board: Board) => board.failures < failureLimit;

export class Assignments {
  readonly boards = new Map<string, Board>();
  model: ModelVersion = { version: 0, parameters: new Float32Array() };
  counts = { folded: 0, rejected: 0, duplicates: 0 };
  private readonly flying = new Map<string, Assignment>(); // by board; also of boards that left the fleet with an update received
  private readonly orders: Orders;
  private readonly arrivals: Arrivals;
  private unsavedDuplicates = 0;

  /**
   * @param isOver whether the run has ended: nothing more is given to boards then
   * @param stepped called after every server step
   */
  constructor(
    private readonly o: AssignmentOptions,
    private readonly tell: Teller,
    private readonly isOver: () => boolean,
    private readonly stepped: () => void,
  ) {
    this.orders = new Orders(o);
    this.arrivals = new Arrivals(o);
  }

  /** Takes up what the store holds of the run. @throws FtteError "run-unknown" or "config-invalid" */
  restore(): void {
    const { store, boards, plans, run } = this.o;
    const model = store.model();
    if (!model) throw new FtteError("run-unknown", `run ${run} has no model; start a new one`);
    this.model = model;
    this.counts = store.counts();
    const stored = new Map(store.boards().map((b) => [b.id, b]));
    for (const setup of boards) {
      const plan = plans.get(setup.class);
      if (!plan)
        throw new FtteError("config-invalid", `there is no plan for board class ${setup.class} of ${setup.name}`);
      this.boards.set(setup.id, restoredBoard(setup, plan, stored.get(setup.id)));
    }
    const tasks = store.tasks();
    for (const task of tasks)
      if (task.state === "received" || (task.state === "sent" && this.boards.has(task.board)))
        this.flying.set(task.board, { task, stage: task.state });
    const arrived = tasks.filter((t) => t.state === "arrived");
    this.arrivals.restore(arrived, store.virtualTime());
  }

  /** Sends boards back to their orders, and gives the others new ones. */
  begin(): void {
    for (const board of this.boards.values()) {
      const assignment = this.flying.get(board.id);
      if (assignment?.stage === "sent") this.o.fleet.dispatch(this.orders.order(board, assignment.task, this.model));
    }
    this.step();
    this.settle();
  }

  /** The board's order if it is this task and has not ended. */
  of(board: Board, task: number): Assignment | undefined {
    const assignment = this.flying.get(board.id);
    return assignment?.task.task === task ? assignment : undefined;
  }

  /** Its update is durable. */
  receive(assignment: Assignment, bytes: Uint8Array): void {
    assignment.stage = "received";
    assignment.task.update = bytes;
  }

  /** Nothing comes of it. */
  fall(assignment: Assignment, reason: string): void {
    assignment.stage = "failed";
    assignment.reason = reason;
    this.settle();
  }

  /** A repeat of an update that was judged before. */
  countDuplicate(): void {
    this.counts.duplicates++;
    this.unsavedDuplicates++;
  }

  /** Makes the count of repeats durable, as every commit does. */
  saveDuplicates(): void {
    if (this.unsavedDuplicates) this.commit({});
  }

  /** Ends every order whose turn has come. */
  settle(): void {
    while (!this.isOver()) {
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
    this.tell.update(board.id, "rejected", 0, reason);
    if (board.failures !== failureLimit) return;
    const what = `${board.name} failed ${failureLimit} tasks in a row and gets no more in this session`;
    this.tell.notice(`${what}: ${reason}`);
    if (![...this.boards.values()].some(isFit))
      throw new FtteError("board-lost", `every board fails its tasks; the last one: ${reason}`);
  }

  /** What the end of an order, or a board's coming and going, brings about: perhaps a server step, and new orders. */
  step(ended?: Arrival["task"]): void {
    const fold = this.arrivals.fold(this.model, this.facts());
    const orders = this.newOrders(fold ?? this.model);
    if (!ended && !fold && orders.length === 0) return;
    this.commit({ orders, ...(ended && { task: ended }), ...(fold && { fold: { ...fold, seconds: this.o.clock() } }) });
    if (ended) this.o.passed?.("arrival-committed");
    if (fold) this.folded(fold);
    if (!this.isOver()) this.dispatch(orders);
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
      this.tell.update(board, "folded", staleness);
    }
    this.tell.version(version);
    this.stepped();
  }
}
