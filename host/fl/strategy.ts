// The one Strategy contract: how many boards get work, when the buffer makes a server step, and how much each update counts. Pure: no I/O,
// no clock, no randomness of its own. Which boards get work is roster.ts's, the loop around it coordinator.ts, the arithmetic aggregate.ts.

/** An update as a strategy sees it: what is known without looking at its elements, its length and its spread. */
export interface UpdateFacts {
  board: string;
  task: number;
  baseVersion: number;
  staleness: number; // τ: server versions since the base version
  samples: number; // n
  steps: number;
  norm: number; // L2 norm of its change as it came
  variance: number; // v: squared distance to the buffer's mean, relative to the mean's squared norm
}

/** Counts of a fleet at one moment. */
export interface FleetFacts {
  boards: number; // neither lost nor set aside because they failed too often
  busy: number; // of them, those with an order that has not ended
  ordered: number; // orders given at this version, less those that came to nothing
}

export interface Step {
  /** By each update's change Δ_i (when left out), or towards the model that its board came to: Δ_i is base_i + Δ_i - w then. */
  toward?: "models";
  /** a_i, one per buffered update, in order. */
  weights: number[];
  /** N: a number divides every coordinate; "covering" divides by the sum of the weights that cover the coordinate. */
  divisor: number | "covering";
  /**
   * With a number as divisor, above 0: it counts by a coordinate's coverage, the share of the fleet's boards that train it, and by this at least:
   * N · max(coverage, leastCoverage). 1 when left out, so that N is the same everywhere.
   */
  leastCoverage?: number;
  /** η_g */
  serverLearningRate: number;
}

/** An update that had weight in an earlier step. */
export type EarlierUpdate = Pick<UpdateFacts, "board" | "staleness">;

/** Of how many updates before a buffer's own a strategy is told. */
export const remembered = 100;

export interface Strategy {
  readonly name: string;
  /** Rounds: a board works on each version once at most, and then waits for the next one. */
  readonly inRounds: boolean;
  /** Versions after which an order is given up and its update refused; Infinity: late updates are used, however late. */
  readonly maxStaleness: number;
  /** Versions that an order counts at most where boards' turns go by time (turns.ts); 0: they go by orders. */
  readonly turn: number;
  /** Steps are made of how updates differ from their boards' last ones, and of the mean of those (calibration.ts). */
  readonly calibrated?: boolean;
  /** How many more boards should get an order now: 0 or more, Infinity for every board that may have one. */
  wanted(fleet: FleetFacts): number;
  /** True when the buffered updates make a server step. */
  ready(buffer: readonly UpdateFacts[], fleet: FleetFacts): boolean;
  /**
   * How much each buffered update counts. Called once when ready.
   * @param earlier the latest updates that had weight in a step before this one, in their order; `remembered` at most
   */
  weigh(buffer: readonly UpdateFacts[], earlier: readonly EarlierUpdate[]): Step;
}
