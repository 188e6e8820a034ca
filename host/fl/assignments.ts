// Orders from the moment they are given to their end, and what an end brings about: an update in the buffer, a server step, new orders,
// committed as one. Knows boards and their orders, the model and the counts; what boards say, and when the run is over, is coordinator.ts's.
//
// With a schedule, orders end in the order of their virtual completion, whatever the real one was: updates, and also orders that came to
// nothing. The same seed gives the same model, bit for bit, through kills on either side.

import { FtteError } from "../errors.ts";
import { type ArrivalOptions, Arrivals, type Fold } from "./arrivals.ts";
import { Boards } from "./boards.ts";
import { Crew, failureLimit } from "./crew.ts";
import type { Teller } from "./events.ts";
import type { Fleet } from "./fleet.ts";
import { Flights } from "./flights.ts";
import {
  type Assignment,
  type Board,
  type BoardSetup,
  type ModelVersion,
  type OrderOptions,
  Orders,
} from "./orders.ts";
import type { Arrival, Counts } from "./run_store.ts";

/** Moments at which a test may kill the host. */
export const foldSteps = [
  "update-received",
  "update-stored",
  "update-acknowledged",
  "arrival-committed",
  "orders-dispatched",
] as const;
export type FoldStep = (typeof foldSteps)[number];

export interface AssignmentOptions extends OrderOptions, ArrivalOptions {
  fleet: Fleet;
  boards: readonly BoardSetup[];
  clock: () => number; // seconds since this process took the run up
  /** Called at each of foldSteps. */
  passed?: (step: FoldStep) => void;
}

export class Assignments {
  readonly boards: Boards;
  model: ModelVersion = { version: 0, parameters: new Float32Array() };
  counts: Counts = { folded: 0, leftOut: 0, rejected: 0, duplicates: 0 };
  /** Virtual time: that of the latest order that ended; 0 without a schedule. */
  now = 0;
  private readonly orders: Orders;
  private readonly arrivals: Arrivals;
  private readonly flights: Flights; // also of boards that left the fleet with an update received
  private readonly crew: Crew;
  private readonly accepted: { board: string; task: number }[] = [];
  private unsavedDuplicates = 0;
  private at = 0; // the clock when what is being dealt with happened

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
    this.boards = new Boards(o.boards, o.plans);
    const numberOf = (board: string) => this.boards.get(board)?.index;
    this.flights = new Flights(o.boards.length, numberOf, o.schedule !== undefined);
    const { schedule, seed } = o;
    const reachable = schedule && ((board: number, now: number) => schedule.reachable(board, now));
    this.crew = new Crew(this.boards, { seed, strategy: o.strategy, reachable });
  }

  /** Takes up what the store holds of the run. @throws FtteError "run-unknown" or "config-invalid" */
  restore(): void {
    const { store, run } = this.o;
    const model = store.model();
    if (!model) throw new FtteError("run-unknown", `run ${run} has no model; start a new one`);
    this.model = model;
    this.counts = store.counts();
    this.now = store.virtualTime();
    this.boards.restore(store.boards());
    const tasks = store.tasks();
    for (const task of tasks)
      if (task.state === "received" || (task.state === "sent" && this.boards.has(task.board)))
        this.flights.add({ task, stage: task.state });
    const arrived = tasks.filter((t) => t.state === "arrived");
    this.arrivals.restore(arrived, store);
    const working = [...this.flights.all()].map(({ task }) => task);
    const busy = new Set(working.filter((t) => this.boards.has(t.board)).map((t) => this.boards.get(t.board)!.index));
    const ordered = [...working, ...arrived].filter((t) => t.baseVersion === model.version).length;
    this.crew.restore(model.version, busy, ordered, store.endedOrders());
  }

  /** Sends boards back to their orders, and gives the others new ones. */
  begin(): void {
    this.at = this.o.clock();
    for (const { task, stage } of this.flights.all())
      if (stage === "sent") this.o.fleet.dispatch(this.orders.order(this.boards.get(task.board)!, task, this.model));
    this.step();
    this.giveUpLate();
    this.settle();
  }

  /** The board's order if it is this task and has not ended. */
  of(board: Board, task: number): Assignment | undefined {
    const assignment = this.flights.of(board.id);
    return assignment?.task.task === task ? assignment : undefined;
  }

  /** Its update is durable. */
  receive(assignment: Assignment, bytes: Uint8Array): void {
    assignment.task.update = bytes;
    this.at = this.o.clock();
    this.tellEnd(assignment, "update");
    this.flights.end(assignment, "received");
    this.settle();
  }

  /** The board may forget its update, which is durable. */
  accept(board: Board, task: number): void {
    this.accepted.push({ board: board.id, task });
    this.o.fleet.acknowledge(board.id, task, "accepted");
  }

  /** Updates that a board was told are safe, and that the store does not hold: always 0, or the store lied. */
  lost(): number {
    return this.accepted.filter(({ board, task }) => !this.o.store.holds(board, task)).length;
  }

  /** Nothing comes of it. @param blame "nobody" when that is not the board's failure */
  fall(assignment: Assignment, reason: string, blame: "board" | "nobody" = "board"): void {
    Object.assign(assignment, { reason, blame });
    this.at = this.o.clock();
    this.tellEnd(assignment, "nothing");
    this.flights.end(assignment, "failed");
    this.settle();
  }

  private tellEnd({ task: { board, task }, began = 0 }: Assignment, outcome: "update" | "nothing"): void {
    this.tell.order({ seconds: this.at, board, task, began, outcome });
  }

  /** The board is out of reach, and nobody waits for it. */
  lose(board: Board): void {
    this.at = this.o.clock();
    this.crew.lose(board, this.flights.of(board.id) !== undefined);
    this.step();
  }

  /** It is back. */
  regain(board: Board): void {
    this.at = this.o.clock();
    this.crew.regain(board, this.flights.of(board.id) !== undefined);
    this.step();
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
      if (this.wake()) continue;
      const next = this.flights.next();
      if (!next) return;
      const { task } = next;
      if (this.o.schedule) this.now = Math.max(this.now, task.finish);
      if (next.stage === "failed") this.drop(next);
      else this.enter(next);
    }
  }

  /** Passes to the moment at which a board that is wanted can be reached, if that is before anything else. Returns whether it did. */
  private wake(): boolean {
    const { nextReturn } = this.crew;
    if (nextReturn === Number.POSITIVE_INFINITY || nextReturn >= this.flights.earliest) return false;
    if (this.o.strategy.wanted(this.crew.facts) <= 0) return false;
    this.now = nextReturn;
    this.step();
    return true;
  }

  /** Only now is the update accepted: until its turn came, it might have been given up. */
  private enter({ task }: Assignment): void {
    const board = this.boards.get(task.board);
    if (board) this.accept(board, task.task);
    this.o.passed?.("update-acknowledged");
    const arrival = this.arrivals.add(task);
    if (board) this.crew.succeeded(board, task.baseVersion);
    this.step({ board: task.board, task: task.task, state: "arrived", arrival });
  }

  private drop({ task, reason = "", blame }: Assignment): void {
    const board = this.boards.get(task.board)!;
    const isSetAside = this.crew.failed(board, task.baseVersion, blame !== "nobody");
    this.counts.rejected++;
    this.step({ board: task.board, task: task.task, state: "rejected", arrival: 0, reason });
    this.tell.update(board.id, "rejected", 0, reason);
    if (!isSetAside) return;
    const what = `${board.name} failed ${failureLimit} tasks in a row and gets no more in this session`;
    this.tell.notice(`${what}: ${reason}`);
    if (this.crew.isSpent) throw new FtteError("board-lost", `every board fails its tasks; the last one: ${reason}`);
  }

  /** What the end of an order, or a board's coming and going, brings about: perhaps a server step, and new orders. */
  step(ended?: Arrival["task"]): void {
    const fold = this.arrivals.fold(this.model, this.crew.facts);
    if (fold) this.begins(fold);
    const orders = this.newOrders(fold ?? this.model);
    if (!ended && !fold && orders.length === 0) return;
    const arrival: Partial<Arrival> = { orders };
    if (ended) arrival.task = ended;
    if (fold) arrival.fold = { ...fold, seconds: this.o.clock() };
    this.commit(arrival);
    if (ended) this.o.passed?.("arrival-committed");
    if (fold) this.folded(fold);
    if (!this.isOver()) this.dispatch(orders);
    if (fold) this.giveUpLate();
  }

  private begins(fold: Fold): void {
    const { version, parameters } = fold;
    this.arrivals.clear(fold);
    this.model = { version, parameters };
    this.crew.begin(version);
  }

  private commit(arrival: Partial<Arrival>): void {
    if (this.unsavedDuplicates) arrival.duplicates = this.unsavedDuplicates;
    this.o.store.commit(arrival);
    this.unsavedDuplicates = 0;
  }

  /** Orders for as many boards as the strategy wants. */
  private newOrders(model: ModelVersion): Arrival["orders"] {
    const boards = this.crew.take(this.o.strategy.wanted(this.crew.facts), this.now);
    return boards.map((index) => this.orders.next(this.boards.at(index), model, this.now));
  }

  private dispatch(orders: Arrival["orders"]): void {
    for (const { task, held: values } of orders) {
      const board = this.boards.get(task.board)!;
      board.tasks = task.task;
      board.frozenVersion = task.frozenVersion;
      board.held = { version: task.baseVersion, values };
      this.flights.add({ task, stage: "sent", began: this.at });
      this.o.fleet.dispatch(this.orders.order(board, task, this.model));
    }
    if (orders.length) this.o.passed?.("orders-dispatched");
  }

  private folded({ version, folded }: Fold): void {
    for (const { board, staleness, reason } of folded) {
      this.counts.folded++;
      if (reason) this.counts.leftOut++;
      this.tell.update(board, "folded", staleness, reason);
    }
    this.tell.version(version);
    this.stepped();
  }

  private takeBack({ stage, task }: Assignment): void {
    if (stage === "sent") this.o.fleet.abandon(task.board);
    else if (stage !== "failed") this.o.fleet.acknowledge(task.board, task.task, "rejected");
  }

  /** Orders that are too late to be of use end now. */
  private giveUpLate(): void {
    const oldest = this.model.version - this.o.strategy.maxStaleness;
    if (oldest <= 0) return; // no order is older
    const isLate = ({ task: { board, baseVersion } }: Assignment) => baseVersion < oldest && this.boards.has(board);
    const index = ({ task }: Assignment) => this.boards.get(task.board)!.index;
    for (const assignment of [...this.flights.all()].filter(isLate).sort((a, b) => index(a) - index(b))) {
      if (this.isOver()) return;
      this.flights.remove(assignment);
      this.takeBack(assignment);
      if (assignment.stage === "sent" || assignment.stage === "storing") this.tellEnd(assignment, "nothing");
      this.drop({ ...assignment, reason: "given up: too many versions were made meanwhile", blame: "nobody" });
    }
  }
}
