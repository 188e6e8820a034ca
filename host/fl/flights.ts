// Orders between their beginning and their end, and which of them ends next: in real time whichever was heard of first, with a schedule
// the first in virtual time, once its outcome is known.

import { Heap } from "./heap.ts";
import type { Assignment } from "./orders.ts";

const hasEnded = ({ stage }: Assignment) => stage === "received" || stage === "failed";

export class Flights {
  private readonly byBoard = new Map<string, Assignment>();
  private readonly numbers = new Map<string, number>(); // of boards, as the heap calls them
  private readonly names: string[] = [];
  private readonly finishes = new Heap();
  private readonly heard: Assignment[] = [];

  /** @param boards ids in the order of the fleet: of two orders that end at once, that of the earlier board ends first */
  constructor(
    boards: Iterable<string>,
    private readonly scheduled: boolean,
  ) {
    for (const board of boards) this.numberOf(board);
  }

  private numberOf(board: string): number {
    const known = this.numbers.get(board);
    if (known !== undefined) return known;
    this.numbers.set(board, this.names.length);
    return this.names.push(board) - 1;
  }

  add(assignment: Assignment): void {
    const { board, finish } = assignment.task;
    this.byBoard.set(board, assignment);
    if (this.scheduled) this.finishes.push(this.numberOf(board), finish);
    else if (hasEnded(assignment)) this.heard.push(assignment);
  }

  /** The board's order. */
  of(board: string): Assignment | undefined {
    return this.byBoard.get(board);
  }

  all(): Iterable<Assignment> {
    return this.byBoard.values();
  }

  /** The outcome of an order is known. */
  end(assignment: Assignment, stage: "received" | "failed"): void {
    assignment.stage = stage;
    if (!this.scheduled) this.heard.push(assignment);
  }

  /** Takes an order out, whatever its stage. */
  remove({ task }: Assignment): void {
    this.byBoard.delete(task.board); // its entry among the finishes is skipped when its time comes
  }

  /** Takes out the order that ends next, if it is known which one that is. */
  next(): Assignment | undefined {
    const next = this.scheduled ? this.first() : this.firstHeard();
    if (!next || !hasEnded(next)) return undefined;
    this.remove(next);
    return next;
  }

  /** When the next order ends in virtual time; Infinity when there is none. */
  get earliest(): number {
    return this.first()?.task.finish ?? Number.POSITIVE_INFINITY;
  }

  private firstHeard(): Assignment | undefined {
    for (;;) {
      const heard = this.heard.shift();
      if (!heard || this.byBoard.get(heard.task.board) === heard) return heard; // else it was given up meanwhile
    }
  }

  private first(): Assignment | undefined {
    for (;;) {
      const number = this.finishes.first;
      if (number === undefined) return undefined;
      const assignment = this.byBoard.get(this.names[number]!);
      if (assignment?.task.finish === this.finishes.least) return assignment;
      this.finishes.pop();
    }
  }
}
