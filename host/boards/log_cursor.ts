// Which entries of a board's log are new, and how many were lost, by their numbers. Knows no board and no time.

import { decodeLogEntry, type LogEntry, LogEntryBytes } from "../wire/spec.gen.ts";

/** The entries of a frame's body; half an entry at its end is none. */
export function decodeLogEntries(body: Uint8Array): LogEntry[] {
  return Array.from({ length: Math.floor(body.length / LogEntryBytes) }, (_, i) =>
    decodeLogEntry(body, i * LogEntryBytes),
  );
}

export class LogCursor {
  /** Number of the entry that is expected: what a request says in `from`. */
  next = 0;

  /** The new ones of `entries`, whose first has the number `first`, and how many before them never came. */
  take(first: number, entries: readonly LogEntry[]): { entries: LogEntry[]; lost: number } {
    const fresh = entries.slice(Math.max(0, this.next - first));
    if (fresh.length === 0) return { entries: [], lost: 0 };
    const lost = Math.max(0, first - this.next);
    this.next = first + entries.length;
    return { entries: fresh, lost };
  }

  /** The board has restarted: its numbers begin again. */
  restart(): void {
    this.next = 0;
  }
}
