// The boards of a run, by number and by id. A board that nothing was asked of, and that nobody asked for, is its setup and an empty place:
// of a simulated population of a million, most are. Knows nothing of orders.

import { FtteError } from "../errors.ts";
import type { Plan } from "../plan/types.ts";
import { type Board, type BoardSetup, restoredBoard } from "./orders.ts";
import type { StoredBoard } from "./run_store.ts";

export class Boards {
  private readonly known: (Board | undefined)[];
  private readonly byId = new Map<string, Board>(); // of the known ones
  private numbers: Map<string, number> | undefined; // of all, once an id was asked for that is not known

  /** @param setups the fleet, in its order @param plans by board class */
  constructor(
    private readonly setups: readonly BoardSetup[],
    private readonly plans: ReadonlyMap<string, Plan>,
  ) {
    this.known = new Array<undefined>(setups.length).fill(undefined);
  }

  /** Takes up what the store remembers of boards. @throws FtteError "config-invalid" when a class of the fleet has no plan */
  restore(stored: readonly StoredBoard[]): void {
    for (const { class: label, id, name = id } of this.setups)
      if (!this.plans.has(label))
        throw new FtteError("config-invalid", `there is no plan for board class ${label} of ${name}`);
    for (const board of stored) {
      const index = this.numberOf(board.id);
      if (index !== undefined) this.open(index, board);
    }
  }

  get count(): number {
    return this.setups.length;
  }

  /** The board with this number, 0 to count - 1. */
  at(index: number): Board {
    return this.known[index] ?? this.open(index);
  }

  /** The board with this id, if it is part of the fleet. */
  get(id: string): Board | undefined {
    const known = this.byId.get(id);
    if (known) return known;
    const index = this.numberOf(id);
    return index === undefined ? undefined : this.at(index);
  }

  has(id: string): boolean {
    return this.byId.has(id) || this.numberOf(id) !== undefined;
  }

  /** Version that its last accepted update started from, -1 for none. */
  lastVersionOf(index: number): number {
    return this.known[index]?.lastVersion ?? -1;
  }

  /** Those of which more is known than their setup. */
  opened(): Iterable<Board> {
    return this.byId.values();
  }

  private numberOf(id: string): number | undefined {
    this.numbers ??= new Map(this.setups.map((setup, index) => [setup.id, index]));
    return this.numbers.get(id);
  }

  private open(index: number, stored?: StoredBoard): Board {
    const setup = this.setups[index]!;
    const board = restoredBoard(setup, index, this.plans.get(setup.class)!, stored);
    this.known[index] = board;
    this.byId.set(setup.id, board);
    return board;
  }
}
