// A binary heap of boards in typed arrays: twelve bytes an entry, for fleets of a million. Equal keys leave in the order of their numbers,
// so that what comes out does not depend on the order in which it went in.

export class Heap {
  private keys = new Float64Array(16);
  private boards = new Int32Array(16);
  size = 0;

  /** The smallest key, Infinity when empty. */
  get least(): number {
    return this.size > 0 ? this.keys[0]! : Number.POSITIVE_INFINITY;
  }

  /** The board of the smallest key; undefined when empty. */
  get first(): number | undefined {
    return this.size > 0 ? this.boards[0] : undefined;
  }

  push(board: number, key: number): void {
    if (this.size === this.keys.length) this.grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(key, board, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.keys[at] = key;
    this.boards[at] = board;
  }

  /** Takes the board of the smallest key out; undefined when empty. */
  pop(): number | undefined {
    if (this.size === 0) return undefined;
    const first = this.boards[0]!;
    const last = --this.size;
    if (last > 0) this.sink(this.keys[last]!, this.boards[last]!);
    return first;
  }

  private sink(key: number, board: number): void {
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < this.size && this.isBefore(this.keys[right]!, this.boards[right]!, child)) child = right;
      if (this.isBefore(key, board, child)) break;
      this.move(child, at);
      at = child;
    }
    this.keys[at] = key;
    this.boards[at] = board;
  }

  private isBefore(key: number, board: number, other: number): boolean {
    const theirs = this.keys[other]!;
    return key < theirs || (key === theirs && board < this.boards[other]!);
  }

  private move(from: number, to: number): void {
    this.keys[to] = this.keys[from]!;
    this.boards[to] = this.boards[from]!;
  }

  private grow(): void {
    const { keys, boards } = this;
    this.keys = new Float64Array(2 * keys.length);
    this.boards = new Int32Array(2 * boards.length);
    this.keys.set(keys);
    this.boards.set(boards);
  }
}
