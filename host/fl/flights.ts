// Orders between their beginning and their end, and which of them ends next: in real time whichever was heard of first, with a schedule
// the first in virtual time, once its outcome is known.

import { Heap } from "./heap.ts";
import type { Assignment } from "./orders.ts";

const hasEnded = ({ stage }: Assignment) => stage === "received" || stage === "failed";

export class Flights {
  private readonly byNumber = new Map<number, Assignment>();
  private readonly strangers = new Map<string, number>(); // numbers of boards that left the fleet
  private readonly finishes = new Heap();
  private readonly heard: Assignment[] = [];

  /**
   * @param boards how many there are
   * @param placeOf a board's place in the fleet, 0 to boards - 1: of two orders that end at once, that of the earlier board ends first
   */
  constructor(
    private readonly boards: number,
    private readonly placeOf: (board: string) => number | undefined,
    private readonly scheduled: boolean,
  ) {}

  private numberOf(board: string): number {
    const known = this.placeOf(board) ?? this.strangers.get(board);
    if (known !== undefined) return known;
    const number = this.boards + this.strangers.size;
    this.strangers.set(board, number);
    return number;
  }

  add(assignment: Assignment): void {
    const number = this.numberOf(assignment.task.board);
    this.byNumber.set(number, assignment);
    if (this.scheduled) this.finishes.push(number, assignment.task.finish);
    else if (hasEnded(assignment)) this.heard.push(assignment);
  }

  /** The board's order. */
  of(board: string): Assignment | undefined {
    return this.byNumber.get(this.numberOf(board));
  }

  all(): Iterable<Assignment> {
    return this.byNumber.values();
  }

  /** The outcome of an order is known. */
  end(assignment: Assignment, stage: "received" | "failed"): void {
    assignment.stage = stage;
    if (!this.scheduled) this.heard.push(assignment);
  }

  /** Takes an order out, whatever its stage. */
  remove({ task }: Assignment): void {
    this.byNumber.delete(this.numberOf(task.board)); // its entry among the finishes is skipped when its time comes
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
      if (!heard || this.of(heard.task.board) === heard) return heard; // else it was given up meanwhile
    }
  }

  private first(): Assignment | undefined {
    for (;;) {
      const number = this.finishes.first;
      if (number === undefined) return undefined;
      const assignment = this.byNumber.get(number);
      if (assignment?.task.finish === this.finishes.least) return assignment;
      this.finishes.pop();
    }
  }
}
