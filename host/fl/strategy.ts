// The one Strategy contract: when a board gets work, when the buffer makes a server step, and how much each update counts. Pure:
// no I/O, no clock, no randomness of its own. The loop around it is coordinator.ts, the arithmetic aggregate.ts.

/** An update as a strategy sees it: what is known without looking at its elements, and its spread. */
export interface UpdateFacts {
  board: string;
  task: number;
  baseVersion: number;
  staleness: number; // τ: server versions since the base version
  samples: number; // n
  steps: number;
  variance: number; // v: squared distance to the buffer's mean, relative to the mean's squared norm
}

export interface BoardFacts {
  id: string;
  boardClass: string;
  online: boolean; // it answers at this moment; a board that dropped off may be back in a second
  lost: boolean; // it has been out of reach for so long that nobody should wait for it
  busy: boolean; // it has an order that it has not finished
  tasksDone: number; // orders that ended, whatever became of them
  lastVersion: number; // version that its last accepted update started from, -1 for none
}

export interface Step {
  /** a_i, one per buffered update, in order. */
  weights: number[];
  /** N: a number divides every coordinate; "covering" divides by the sum of the weights that cover the coordinate. */
  divisor: number | "covering";
  /** η_g */
  serverLearningRate: number;
}

export interface Strategy {
  readonly name: string;
  /** Which of the boards without work get a task at this version; the others wait. */
  assign(boards: readonly BoardFacts[], version: number): string[];
  /** True when the buffered updates make a server step. */
  ready(buffer: readonly UpdateFacts[], boards: readonly BoardFacts[], version: number): boolean;
  /** How much each buffered update counts. Called once when ready. */
  weigh(buffer: readonly UpdateFacts[]): Step;
}
