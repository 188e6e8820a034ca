// How rows in a row become windows; a board's recorder does the same (firmware/core/session/recorder.c). Pure.

export interface Windowing {
  /** Rows. */
  window: number;
  /** Rows from the beginning of one window to the next one's. */
  hop: number;
}

/** Where the windows of one stretch begin, `first` to before `end`: the first with it, the others every `hop` rows, all of them whole. */
export function windowStarts(first: number, end: number, { window, hop }: Windowing): number[] {
  const count = Math.max(0, Math.floor((end - first - window) / hop) + 1);
  return Array.from({ length: count }, (_, i) => first + i * hop);
}

/** A value as a sensor's 16-bit count. Halves go up, as Math.round has them. */
export const toI16 = (value: number): number => Math.max(-32768, Math.min(32767, Math.round(value)));
