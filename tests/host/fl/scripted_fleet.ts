// A Fleet for tests: boards that answer their orders with real updates, in an order that a seed decides, and misbehave as a script says.
// What a board answers to a task depends on the task alone, so that the deterministic schedule can be held to one outcome; when it answers,
// and how often, depends on the seed of the session.

import { seeded } from "../../../host/data/random.ts";
import { FtteError } from "../../../host/errors.ts";
import type { BoardTraffic, Fleet, FleetEvent, Order } from "../../../host/fl/fleet.ts";
import { UpdateHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { spoiled, type TestBoard, type TestUpdate } from "./test_boards.ts";

export type Answer = "update" | "invalid" | "refuse" | "empty" | "silence";

export interface Script {
  /** Decides the order of events, and which of them are repeated. */
  seed: number;
  /** What a board makes of a task. Must not depend on anything else. */
  answer?: (board: string, task: number) => Answer;
  /** Share of events that are followed by noise: repeats, late copies, updates of tasks that nobody ordered, of other runs, a link that drops. */
  noise?: number;
  /** Boards that are not there at the start. */
  absent?: readonly string[];
  /** Called before an event is delivered; what it throws stops the session, as if the host had died. */
  before?: (event: FleetEvent) => void;
  /** Called when a board finds an order that contradicts itself; `broken` says which. */
  onBroken?: () => void;
}

export interface Verdict {
  board: string;
  task: number;
  verdict: "accepted" | "rejected";
}

/** Tasks from here on were never ordered. */
export const neverOrdered = 1_000_000;

export class ScriptedFleet implements Fleet {
  private readonly boards: Map<string, TestBoard>;
  private readonly orders = new Map<string, Order>();
  private readonly random: () => number;
  private listener: ((event: FleetEvent) => void) | undefined;
  private working: Promise<void> | undefined;
  private readonly told = new Set<TestUpdate>(); // in this session
  /** What went wrong with a board: an order that contradicts itself. */
  broken: unknown;
  readonly verdicts: Verdict[] = [];
  readonly dispatched: Order[] = [];

  constructor(
    boards: readonly TestBoard[],
    private readonly script: Script,
  ) {
    this.boards = new Map(boards.map((b) => [b.id, b]));
    this.random = seeded(script.seed);
  }

  async open(listener: (event: FleetEvent) => void): Promise<void> {
    this.listener = listener;
    for (const board of this.boards.keys())
      if (!this.script.absent?.includes(board))
        this.emit({ type: "online", board, hello: {} as never, address: board });
    this.working = this.work().catch((error) => {
      this.broken = error;
      this.script.onBroken?.();
    });
  }

  dispatch(order: Order): void {
    if (!this.boards.has(order.board)) throw new FtteError("usage", `the fleet has no board ${order.board}`);
    if (this.orders.has(order.board)) throw new FtteError("usage", `${order.board}: has a task already`);
    this.orders.set(order.board, order);
    this.dispatched.push(order);
  }

  acknowledge(board: string, task: number, verdict: "accepted" | "rejected"): void {
    this.verdicts.push({ board, task, verdict });
    if (this.orders.get(board)?.task === task) this.orders.delete(board);
    this.boards.get(board)!.hear(task, verdict);
  }

  abandon(board: string): void {
    this.orders.delete(board);
  }

  async stats(): Promise<never> {
    throw new FtteError("board-lost", "a test board has no statistics");
  }

  traffic(): ReadonlyMap<string, BoardTraffic> {
    return new Map();
  }

  async close(): Promise<void> {
    this.listener = undefined;
    await this.working;
  }

  /** Says something on a board's behalf. */
  emit(event: FleetEvent): void {
    if (!this.listener) return;
    try {
      this.script.before?.(event);
    } catch {
      this.listener = undefined;
      return;
    }
    this.listener(event);
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  /** Boards that have something to say, one after the other as the seed draws them. */
  private async work(): Promise<void> {
    while (this.listener) {
      await this.pause();
      const talking = [...this.boards.values()].filter((b) => this.hasWork(b));
      if (talking.length > 0) this.act(this.pick(talking));
    }
  }

  /** Sometimes none at all, so that several events fall into one commit; sometimes longer than a commit takes. */
  private pause(): Promise<void> {
    const draw = this.random();
    if (draw < 0.5) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => setTimeout(resolve, draw < 0.9 ? 1 : 15));
  }

  private answerTo(board: string, task: number): Answer {
    return this.script.answer?.(board, task) ?? "update";
  }

  private hasWork(board: TestBoard): boolean {
    if (board.waiting) return !this.told.has(board.waiting);
    const order = this.orders.get(board.id);
    return order !== undefined && this.answerTo(board.id, order.task) !== "silence";
  }

  private act(board: TestBoard): void {
    const order = this.orders.get(board.id);
    if (board.waiting) this.report(board, board.waiting);
    else if (order && this.answerTo(board.id, order.task) === "refuse") this.refuse(order, -35, "diverged");
    else if (order && this.answerTo(board.id, order.task) === "empty") this.refuse(order, -30, "has no samples");
    else if (order) {
      board.take(order);
      this.report(board, board.train(order));
    }
    if (this.random() < (this.script.noise ?? 0)) this.disturb(board);
  }

  private refuse({ board, task }: Order, code: number, text: string): void {
    this.orders.delete(board);
    this.emit({ type: "refused", board, task, code, reason: `${board}: ${text}` });
  }

  private report(board: TestBoard, update: TestUpdate): void {
    this.told.add(update);
    const invalid = this.answerTo(board.id, update.task) === "invalid";
    this.say(board, update.task, invalid ? spoiled(update, update.task) : update.bytes);
  }

  private say(board: TestBoard, task: number, bytes: Uint8Array): void {
    this.emit({ type: "update", board: board.id, task, bytes });
  }

  /** Something that a real fleet might do as well, and that must change nothing. */
  private disturb(board: TestBoard): void {
    const old = board.history.length > 0 ? this.pick(board.history) : undefined;
    switch (Math.floor(this.random() * 5)) {
      case 0: // the same update again, perhaps while the first copy is being committed
        if (board.waiting) this.report(board, board.waiting);
        break;
      case 1: // one that was judged long ago
        if (old) this.report(board, old);
        break;
      case 2: // one that nobody asked for
        if (old) this.say(board, neverOrdered + old.task, this.renamed(old, old.run, neverOrdered + old.task));
        break;
      case 3: // one of another run, of a task that may also be one of this run
        if (old) this.say(board, neverOrdered - 1, this.renamed(old, old.run + 1, neverOrdered - 1));
        break;
      default:
        this.emit({ type: "offline", board: board.id, reason: "the line is gone" });
        this.emit({ type: "online", board: board.id, hello: {} as never, address: board.id });
    }
  }

  private renamed({ bytes }: TestUpdate, run: number, task: number): Uint8Array {
    const out = Buffer.from(bytes);
    out.writeUInt32LE(run, 0);
    out.writeUInt32LE(task, 4);
    if (out.length < UpdateHeaderBytes) throw new Error("an update without a header");
    return out;
  }
}
