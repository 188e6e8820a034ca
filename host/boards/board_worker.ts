// One board's loop inside the local fleet: connect, say hello, deliver acknowledgements, work on the order, and again after every
// disconnect. What the board says in its hello decides where work goes on, so that nothing depends on what this process remembers.

import { boardError, FtteError } from "../errors.ts";
import type { BoardTraffic, FleetEvent, Order } from "../fl/fleet.ts";
import type { OpenPipe } from "../link/pipe.ts";
import { emptyPartial, type PartialBlob } from "../link/transfer.ts";
import { BoardState, type Hello, type Progress, type Stats } from "../wire/spec.gen.ts";
import type { FleetBoard } from "./local_fleet.ts";
import { isBoardRefusal, prepareBoard, refusalCode, startTask } from "./order.ts";
import { BoardSession } from "./session.ts";
import { Waker } from "./waker.ts";

export interface WorkerOptions {
  open: OpenPipe;
  patienceMs: number;
  pollMs: number;
  emit: (event: FleetEvent) => void;
  /** Told when another chip answers on a board's port. */
  sighted: (chip: string, address: string) => void;
  /** A port that boards of the fleet have left, when another one answers on `address` now. */
  vacated: (address: string) => string | undefined;
}

type Verdict = "accepted" | "rejected";
/** Why a board is offline that does not pass by itself. */
const forPeople: FtteError["code"][] = ["board-wrong", "port-forbidden", "radio-absent", "radio-off"];
const keepaliveMs = 3_000;
const retryLeastMs = 200;
const retryMostMs = 2_000;

export class BoardWorker {
  private readonly waker = new Waker();
  private closing = false;
  private session: BoardSession | undefined;
  private order: Order | undefined;
  private cancel = new AbortController(); // of the order
  private verdicts = new Map<number, Verdict>(); // by task, until the board heard them
  private partial: { task: number; blob: PartialBlob } = { task: -1, blob: emptyPartial() };
  private told: number | undefined; // the update that was emitted and waits for its verdict
  private past: BoardTraffic = { up: 0, down: 0 }; // of closed links
  private phase: string = "idle";
  private lastCount = { atMs: 0, bytes: 0 };
  private sightedAt: string | undefined; // another port that the board answered on
  private stranger: { chip: string; address: string } | undefined; // met on this board's port; told once the port is free for its worker
  private online = false;

  constructor(
    private board: FleetBoard,
    private readonly options: WorkerOptions,
  ) {}

  /** The board answered on this port, where another was expected: the next attempt is there. */
  seenAt(address: string): void {
    if (this.online) return; // two chips with one id, or an old sighting
    this.sightedAt = address;
    this.waker.wake();
  }

  dispatch(order: Order): void {
    if (this.order) throw new FtteError("usage", `${this.name}: has task ${this.order.task} already`);
    this.order = order;
    this.cancel = new AbortController();
    this.waker.wake();
  }

  acknowledge(task: number, verdict: Verdict): void {
    this.verdicts.set(task, verdict);
    if (this.order?.task === task) this.order = undefined;
    if (this.told === task) this.told = undefined;
    this.waker.wake();
  }

  abandon(): void {
    if (!this.order) return;
    this.order = undefined;
    this.cancel.abort(new FtteError("interrupted", `${this.name}: the task was given up`));
    this.waker.wake();
  }

  async stats(): Promise<Stats> {
    if (!this.session) throw new FtteError("board-lost", `${this.name}: is offline; is it powered and plugged in?`);
    return this.session.stats();
  }

  traffic(): BoardTraffic {
    const live = this.session?.channel;
    return { up: this.past.up + (live?.bytesUp ?? 0), down: this.past.down + (live?.bytesDown ?? 0) };
  }

  async close(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs;
    this.abandon();
    while (this.session && this.verdicts.size > 0 && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    this.closing = true;
    this.waker.wake();
    await this.session?.close();
  }

  /** Returns after close. */
  async run(): Promise<void> {
    let retryMs = retryLeastMs;
    let lastReason = "";
    while (!this.closing) {
      try {
        const hello = await this.connect();
        retryMs = retryLeastMs;
        lastReason = "";
        await this.serve(hello);
      } catch (error) {
        if (!(error instanceof FtteError)) throw error;
        if (error.message !== lastReason) this.tellLost(error);
        lastReason = error.message;
      } finally {
        await this.disconnect();
      }
      this.tellStranger();
      if (!this.closing) await this.waker.sleep(retryMs, () => this.closing);
      retryMs = Math.min(retryMostMs, retryMs * 2);
    }
  }

  private get name(): string {
    return this.board.name ?? this.board.id;
  }

  /** Whether the board answers on this port, or is looked for there first. */
  has(address: string): boolean {
    return this.board.address === address;
  }

  isOnline(): boolean {
    return this.online;
  }

  /** Where the board was seen last, once; else its own port; but where another board has taken that, one that was left. */
  private takeAddress(): string {
    const address = this.sightedAt ?? this.options.vacated(this.board.address) ?? this.board.address;
    this.sightedAt = undefined;
    return address;
  }

  private async connect(): Promise<Hello> {
    const { baudRate, id } = this.board;
    const address = this.takeAddress();
    const pipe = await this.options.open(address, baudRate === undefined ? {} : { baudRate });
    const { patienceMs } = this.options;
    this.session = new BoardSession(pipe, { name: this.name, chipId: id, baudRate, patienceMs });
    void pipe.closed.then(() => this.waker.wake());
    this.session.onProgress((progress) => this.tellProgress(progress));
    const hello = await this.session.hello().catch((error) => {
      const chip = this.session?.answeredChip;
      if (chip !== undefined && chip !== id) this.stranger = { chip, address };
      throw error;
    });
    this.settle(address);
    this.emit({ type: "online", board: id, hello, address });
    return hello;
  }

  /** A board that was found on another port stays there. */
  private settle(address: string): void {
    this.online = true;
    this.sightedAt = undefined;
    if (address === this.board.address) return;
    const moved = `answers on ${address}, no longer on ${this.board.address}`;
    this.board = { ...this.board, address };
    this.emit({ type: "error", board: this.board.id, message: moved });
  }

  private async disconnect(): Promise<void> {
    const session = this.session;
    this.online = false;
    if (!session) return;
    await session.close();
    this.past = this.traffic();
    this.session = undefined;
  }

  private tellStranger(): void {
    if (this.stranger) this.options.sighted(this.stranger.chip, this.stranger.address);
    this.stranger = undefined;
  }

  private tellLost(error: FtteError): void {
    const reason = error.message;
    if (this.closing) return;
    this.emit({ type: "offline", board: this.board.id, reason });
    if (forPeople.includes(error.code)) this.emit({ type: "error", board: this.board.id, message: reason });
  }

  /** Works until the link fails or the fleet closes; every pass starts from a fresh hello. */
  private async serve(first: Hello): Promise<void> {
    let hello = first;
    while (!this.closing) {
      const session = this.session!;
      try {
        await this.pass(session, hello);
      } catch (error) {
        if (!(error instanceof FtteError) || error.code !== "interrupted" || this.closing) throw error;
        await session.abort().catch(ignoreRefusal);
      }
      if (!this.closing) hello = await session.hello();
    }
  }

  private async pass(session: BoardSession, hello: Hello): Promise<void> {
    if (this.verdicts.size > 0) return this.deliverVerdict(session, hello);
    if (hello.updateTask !== 0) return this.report(session, hello);
    const order = this.order;
    if (!order) {
      this.enter("idle");
      await this.waker.sleep(keepaliveMs, () => this.order !== undefined || this.closing || this.verdicts.size > 0);
      return;
    }
    if (hello.run === order.run && hello.task === order.task && hello.state === BoardState.training)
      return this.watch(session, order);
    await this.start(session, order, hello);
  }

  private async deliverVerdict(session: BoardSession, hello: Hello): Promise<void> {
    for (const [task, verdict] of this.verdicts) {
      // A verdict about an update that the board no longer holds was heard before, or the board was reset to factory state.
      if (hello.updateTask === task) await session.updateAck(hello.run, task, verdict).catch(ignoreRefusal);
      this.verdicts.delete(task);
    }
    this.told = undefined;
  }

  /** Fetches the waiting update, hands it over, and waits for the verdict. Updates of other runs are none of ours. */
  private async report(session: BoardSession, hello: Hello): Promise<void> {
    const task = hello.updateTask;
    if (this.order && this.order.run !== hello.run) {
      await session.updateAck(hello.run, task, "rejected").catch(ignoreRefusal);
      return;
    }
    if (this.told !== task) {
      this.enter("reporting");
      if (this.partial.task !== task) this.partial = { task, blob: emptyPartial() };
      const bytes = await session.get("update", {}, this.partial.blob);
      this.partial = { task: -1, blob: emptyPartial() };
      this.told = task;
      this.emit({ type: "update", board: this.board.id, task, bytes });
    }
    await this.waker.sleep(keepaliveMs, () => this.verdicts.size > 0 || this.closing);
  }

  private async start(session: BoardSession, order: Order, hello: Hello): Promise<void> {
    const { signal } = this.cancel;
    try {
      if (hello.state === BoardState.training) await session.abort({ signal });
      this.enter("sending");
      const usedDelta = await prepareBoard(session, order, hello, signal);
      await startTask(session, order, usedDelta, signal);
    } catch (error) {
      if (!isBoardRefusal(error)) throw error;
      this.refuse(order, refusalCode(error), error.message);
      return;
    }
    await this.watch(session, order);
  }

  /** Follows the training until the board reports, fails, or does something else. */
  private async watch(session: BoardSession, order: Order): Promise<void> {
    this.enter("training");
    while (this.order === order && !this.closing) {
      const progress = await session.progress({ signal: this.cancel.signal });
      this.tellProgress(progress);
      if (progress.error !== 0 && progress.task === order.task)
        return this.refuse(order, progress.error, `${this.name}: ${boardError(progress.error).text}`);
      if (progress.task === order.task && progress.state === BoardState.reporting) return;
      // Also before giving up on a board that does something else: it may be on its way, and must not be asked without pause.
      await this.waker.sleep(this.options.pollMs, () => this.order !== order || this.closing);
      if (progress.task !== order.task || progress.state !== BoardState.training) return;
    }
  }

  private refuse(order: Order, code: number, reason: string): void {
    if (this.order === order) this.order = undefined;
    this.enter("idle");
    this.emit({ type: "refused", board: this.board.id, task: order.task, code, reason });
  }

  private tellProgress(progress: Progress): void {
    const atMs = performance.now();
    const { up, down } = this.traffic();
    const seconds = (atMs - this.lastCount.atMs) / 1000;
    const bytesPerSecond = this.lastCount.atMs === 0 ? 0 : Math.round((up + down - this.lastCount.bytes) / seconds);
    this.lastCount = { atMs, bytes: up + down };
    this.emit({ type: "progress", board: this.board.id, progress, bytesPerSecond });
  }

  private enter(phase: "sending" | "training" | "reporting" | "idle"): void {
    if (this.phase === phase) return;
    this.phase = phase;
    this.emit({ type: "phase", board: this.board.id, phase });
  }

  private emit(event: FleetEvent): void {
    this.options.emit(event);
  }
}

/** For requests whose refusal means that their purpose is met already. */
function ignoreRefusal(error: unknown): void {
  if (!isBoardRefusal(error)) throw error;
}
