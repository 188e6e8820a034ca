// What a measurement of a classifier is summed up as: one number from 0 to 1, the larger the better.

import { macroF1 } from "../../host/sim/evaluate.ts";

export type Metric = "accuracy" | "macro-F1";

/** Of a confusion[truth][answer] of one sample at least. */
export const metrics: Record<Metric, (confusion: number[][]) => number> = {
  accuracy: rightShare,
  "macro-F1": (confusion) => macroF1(present(confusion)),
};

function rightShare(confusion: number[][]): number {
  const right = confusion.reduce((sum, row, k) => sum + row[k]!, 0);
  return right / confusion.flat().reduce((a, b) => a + b, 0);
}

/** Without the classes that are neither a truth nor an answer: nobody has failed at what a few samples of one client do not hold. */
function present(confusion: number[][]): number[][] {
  const isPresent = (k: number) =>
    confusion.some((row, truth) => row[k]! > 0 || (truth === k && row.some((n) => n > 0)));
  const classes = [...confusion.keys()].filter(isPresent);
  return classes.map((truth) => classes.map((answer) => confusion[truth]![answer]!));
}
