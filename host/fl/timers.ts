// The uses of real time in a run: when it ends, when a board has been out of reach for too long, and when one without samples is asked again.

const longestMs = 2 ** 31 - 1; // of one timer; a longer one would end at once

/** Calls `work` after so many seconds, however many. Returns what cancels it. */
export function after(seconds: number, work: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (ms: number) => {
    timer = setTimeout(() => (ms > longestMs ? arm(ms - longestMs) : work()), Math.min(ms, longestMs));
  };
  arm(seconds * 1000);
  return () => clearTimeout(timer);
}

/** Waits of so many seconds, one for each board; with Infinity, none ends. */
export class Waits {
  private readonly cancels = new Map<string, () => void>();

  constructor(
    private readonly seconds: number,
    private readonly over: (board: string) => void,
  ) {}

  /** `over` is called unless the wait is ended in time. A board that waits already, or whose wait was not ended, goes on waiting. */
  begin(board: string): void {
    if (this.seconds < Number.POSITIVE_INFINITY && !this.cancels.has(board))
      this.cancels.set(
        board,
        after(this.seconds, () => this.over(board)),
      );
  }

  end(board: string): void {
    this.cancels.get(board)?.();
    this.cancels.delete(board);
  }

  close(): void {
    for (const board of this.cancels.keys()) this.end(board);
  }
}
