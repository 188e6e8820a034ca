// Who of a fleet counts, who works, and who may have the next order: the counts that strategies go by, kept up as boards come and go. Boards
// that nobody waits for any more, and those that failed too often, do not count. Knows no orders, only how many there are.

import type { Boards } from "./boards.ts";
import type { Board } from "./orders.ts";
import { Roster } from "./roster.ts";
import type { EndedOrder } from "./run_store.ts";
import type { FleetFacts, Strategy } from "./strategy.ts";
import { Turns } from "./turns.ts";

/** A board whose orders come to nothing so often in a row, refused or with invalid updates, gets no more until the run is taken up again. */
export const failureLimit = 3;
const isFit = (board: Board) => board.failures < failureLimit && !board.lost;

export interface CrewOptions {
  seed: number;
  strategy: Pick<Strategy, "inRounds" | "turn">;
  /** First moment from `now` on at which a board takes an order. */
  reachable?: ((board: number, now: number) => number) | undefined;
}

export class Crew {
  private readonly roster: Roster;
  private readonly turns: Turns;
  private readonly resting: number[] = []; // in rounds: those that have had an order at this version
  private readonly counts = { boards: 0, busy: 0, ordered: 0 };
  private version = 0;

  constructor(
    private readonly boards: Boards,
    private readonly o: CrewOptions,
  ) {
    this.turns = new Turns(boards.count, o.strategy.turn, o.seed);
    this.roster = new Roster(boards.count, o.seed, (index) => this.turns.rank(index), o.reachable);
  }

  get facts(): FleetFacts {
    return this.counts;
  }

  /** When the first idle board that could not be reached can be; Infinity when there is none. */
  get nextReturn(): number {
    return this.roster.nextReturn;
  }

  /**
   * Takes up a run.
   * @param busy numbers of the boards with an order
   * @param ordered orders given at this version
   * @param ended all orders that ended since the run began, of each board in their order
   */
  restore(version: number, busy: ReadonlySet<number>, ordered: number, ended: Iterable<EndedOrder>): void {
    this.version = version;
    for (const { board, staleness } of ended) {
      const index = this.boards.get(board)?.index;
      if (index !== undefined) this.turns.ended(index, staleness); // else it left the fleet
    }
    Object.assign(this.counts, { boards: this.boards.count, busy: busy.size, ordered });
    for (let index = 0; index < this.boards.count; index++) if (!busy.has(index)) this.rest(index);
  }

  /** Takes up to `wanted` boards that can be reached now, in their turn: each gets an order. */
  take(wanted: number, now: number): number[] {
    const taken = this.roster.take(wanted, now);
    this.counts.busy += taken.length;
    this.counts.ordered += taken.length;
    return taken;
  }

  /** A new version begins: nothing was ordered at it, and whoever waited for it may have an order. */
  begin(version: number): void {
    this.version = version;
    this.counts.ordered = 0;
    for (const index of this.resting.splice(0)) if (isFit(this.boards.at(index))) this.rest(index);
  }

  /** A board's order has ended with an update. */
  succeeded(board: Board, baseVersion: number): void {
    board.lastVersion = Math.max(board.lastVersion, baseVersion);
    board.failures = 0;
    this.turns.ended(board.index, this.version - baseVersion);
    this.free(board);
  }

  /** A board's order came to nothing. @param isFailure of the board. Returns true when it is set aside for that */
  failed(board: Board, baseVersion: number, isFailure: boolean): boolean {
    this.turns.ended(board.index, undefined);
    if (baseVersion === this.version) this.counts.ordered--;
    if (!isFailure || ++board.failures !== failureLimit) {
      this.free(board);
      return false;
    }
    if (!board.lost) {
      this.counts.busy--;
      this.counts.boards--;
    }
    return true;
  }

  /** Nobody waits for the board any more. @param isBusy whether it has an order */
  lose(board: Board, isBusy: boolean): void {
    this.count(board, -1, isBusy);
    board.lost = true;
    this.roster.remove(board.index);
  }

  /** It is back. */
  regain(board: Board, isBusy: boolean): void {
    board.lost = false;
    this.count(board, 1, isBusy);
    if (isFit(board) && !isBusy) this.rest(board.index);
  }

  /** True when every board was set aside. */
  get isSpent(): boolean {
    const failing = [...this.boards.opened()].filter(({ failures }) => failures >= failureLimit);
    return failing.length === this.boards.count;
  }

  private count(board: Board, change: 1 | -1, isBusy: boolean): void {
    if (!isFit(board)) return;
    this.counts.boards += change;
    if (isBusy) this.counts.busy += change;
  }

  private free(board: Board): void {
    if (!isFit(board)) return;
    this.counts.busy--;
    this.rest(board.index);
  }

  /** A board without an order may have one, in rounds of the next version. */
  private rest(index: number): void {
    const hadOne = this.boards.lastVersionOf(index) >= this.version;
    if (this.o.strategy.inRounds && hadOne) this.resting.push(index);
    else this.roster.add(index);
  }
}
