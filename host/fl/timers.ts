// The two uses of real time in a run: when it ends, and when a board has been out of reach for too long.

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

/** Tells of boards that stay out of reach for so many seconds; with Infinity, of none. */
export class Reach {
  private readonly cancels = new Map<string, () => void>();

  constructor(
    private readonly seconds: number,
    private readonly lost: (board: string) => void,
  ) {}

  /** The board does not answer; `lost` is called unless it is back in time. Told again, it changes nothing. */
  gone(board: string): void {
    if (this.seconds < Number.POSITIVE_INFINITY && !this.cancels.has(board))
      this.cancels.set(
        board,
        after(this.seconds, () => this.lost(board)),
      );
  }

  back(board: string): void {
    this.cancels.get(board)?.();
    this.cancels.delete(board);
  }

  close(): void {
    for (const board of this.cancels.keys()) this.back(board);
  }
}
