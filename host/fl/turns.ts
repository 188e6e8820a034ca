// Whose turn it is to get orders. A turn is one order, so that boards take part equally often; or it lasts for some versions, one order at
// least, in which the board gets one order after the other, so that boards are at work for about as long and a fast one does more in that
// time: round-robin scheduling with a quantum, whose clock is the server's version. Boards are numbers; each costs 8 bytes.

export class Turns {
  private readonly counts: Uint32Array; // turns so far
  private readonly began: Int32Array; // version at which the latest one did, -1 when it has ended

  /**
   * @param boards how many there are
   * @param versions that a turn lasts for, from that of its first order on; 0: a turn is one order
   */
  constructor(
    boards: number,
    private readonly versions: number,
  ) {
    this.counts = new Uint32Array(boards);
    this.began = new Int32Array(boards).fill(-1);
  }

  /** Who gets an order before whom: -1 for a board whose turn it is at this version, for others how many turns they had. */
  rank(board: number, version: number): number {
    return this.lasts(board, version) ? -1 : this.counts[board]!;
  }

  /** The board gets an order at this version, with which a turn begins unless it is its turn. */
  give(board: number, version: number): void {
    if (this.lasts(board, version)) return;
    this.counts[board]!++;
    this.began[board] = version;
  }

  /** An order of the board came to nothing: others come first. */
  end(board: number): void {
    this.began[board] = -1;
  }

  private lasts(board: number, version: number): boolean {
    const began = this.began[board]!;
    return began >= 0 && version < began + this.versions;
  }
}
