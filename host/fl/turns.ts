// Whose turn it is to get an order: that of whoever had the least until now. By orders, each counts as one: boards take part equally often. By
// time, each counts as the versions that were made while it lasted: boards are at work for about as long, and a fast one does more in that
// time. This is stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995) whose clock is the server's version. A slow board's order
// counts no more than an order does on average, else the server would hardly hear of its data. Boards are numbers; each costs 8 bytes.

import { keyed } from "./keyed.ts";

/** What counts beside whole versions, so that an order counts that ends at the version at which it began. */
const halfVersion = 0.5;

export class Turns {
  private readonly had: Float64Array; // orders, or versions

  /**
   * @param boards how many there are
   * @param most versions that an order counts, what it lasts for on average; 0: turns go by orders
   * @param seed by time, where boards begin is drawn: if all began at once, all slow ones would go on coming back at once
   */
  constructor(
    boards: number,
    private readonly most: number,
    seed: number,
  ) {
    this.had = new Float64Array(boards);
    if (most > 0) for (let board = 0; board < boards; board++) this.had[board] = most * keyed("begins", seed, board);
  }

  /** Who gets an order before whom: the least first. A whole number. */
  rank(board: number): number {
    return Math.floor(this.had[board]!);
  }

  /**
   * A board's order ended.
   * @param staleness τ of its update, the versions made since the one it started from; undefined when nothing came of it: others come first
   */
  ended(board: number, staleness: number | undefined): void {
    const versions = staleness === undefined ? this.most : Math.min(staleness + halfVersion, this.most);
    this.had[board]! += this.most > 0 ? versions : 1;
  }
}
