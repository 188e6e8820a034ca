// What a server may do with updates and versions whatever its strategy; each is off when left out.

import type { Filter } from "./filter.ts";

export interface ServerOptions {
  /** β of the moving average over versions that is measured, exported and reported (averaging.ts), at least 0 and below 1. */
  averaging?: number;
  /** C: an update whose L2 norm is larger counts as if it were scaled down to it, Δ · min(1, C/‖Δ‖). */
  clipNorm?: number;
  /** Leaves updates out of a step that differ too much from the others (filter.ts). They are folded for the books, with weight 0. */
  filter?: Filter;
  /**
   * median: the coordinate-wise median over the updates that cover a coordinate takes the place of their weighted mean (median.ts). How large
   * the step is stays the strategy's: Σ a_i / N of it. mean when left out, and always where a strategy's steps are calibrated.
   */
  combine?: "mean" | "median";
}
