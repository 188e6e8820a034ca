// What a server may do with updates and versions whatever its strategy; each is off when left out.

export interface ServerOptions {
  /** β of the moving average over versions that is measured, exported and reported (averaging.ts), at least 0 and below 1. */
  averaging?: number;
  /** C: an update whose L2 norm is larger counts as if it were scaled down to it, Δ · min(1, C/‖Δ‖). */
  clipNorm?: number;
}
