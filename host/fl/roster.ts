// Boards without an order, and who of them gets the next one: whoever has the least rank (turns.ts), and among those a seeded draw. The choice
// depends on the boards and their ranks alone, never on the order of events: a run that is resumed goes on with the same choices. Boards
// are numbers; a board that waits costs 25 bytes.

import { Heap } from "./heap.ts";
import { keyed } from "./keyed.ts";

const waits = 1;
const removed = 2;

export class Roster {
  private readonly waiting = new Heap(); // by rank, then by draw
  private readonly away = new Heap(); // by when they can be reached again
  private states: Uint8Array;

  /**
   * @param boards how many there are; they are called 0 to boards - 1
   * @param rankOf a whole number, which stays as it is while the board waits
   * @param reachable first moment from `now` on at which a board takes an order
   */
  constructor(
    boards: number,
    private readonly seed: number,
    private readonly rankOf: (board: number) => number,
    private readonly reachable: (board: number, now: number) => number = (_board, now) => now,
  ) {
    this.states = new Uint8Array(boards);
  }

  /** The board may get an order. */
  add(board: number): void {
    const state = this.states[board]!;
    this.states[board] = waits;
    if (state === 0) this.wait(board);
  }

  private wait(board: number): void {
    const rank = this.rankOf(board);
    this.waiting.push(board, rank + keyed("turn", this.seed, board, rank));
  }

  /** It may not. */
  remove(board: number): void {
    if (this.states[board]) this.states[board] = removed; // and leaves when its turn comes
  }

  /** Takes out up to `count` boards that can be reached now, in their turn. */
  take(count: number, now: number): number[] {
    while (this.away.least <= now) this.wait(this.away.pop()!);
    const taken: number[] = [];
    while (taken.length < count && this.waiting.size > 0) {
      const board = this.waiting.pop()!;
      const until = this.states[board] === removed ? now : this.reachable(board, now);
      if (until > now) this.away.push(board, until);
      else {
        if (this.states[board] === waits) taken.push(board);
        this.states[board] = 0;
      }
    }
    return taken;
  }

  /** When the first board that could not be reached can be; Infinity when there is none. */
  get nextReturn(): number {
    return this.away.least;
  }
}
