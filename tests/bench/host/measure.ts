// How the host's benchmark measures: two sides in turn within one run, medians, memory after garbage collection. Knows no row.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** One line of the report. */
export interface Figure {
  row: string;
  what: string;
  value: number;
  unit: string;
  /** The value over what something else came to in the same run, by its name. */
  ratios?: Record<string, number>;
  goal?: string;
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

/** CPU seconds that the work takes, all threads of this process together: what others do to a shared machine is mostly left out. */
export async function cpuSecondsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

type Sides<K extends string> = Record<K, () => number | Promise<number>>;

/**
 * Measures all sides in turn, so that whatever else the machine does meets all of them, once to warm up and then `rounds` times.
 * @returns each side's median, and `ratio`: the median over the rounds of one side's figure by another's
 */
export async function inTurn<K extends string>(rounds: number, sides: Sides<K>) {
  const names = Object.keys(sides) as K[];
  const round = async () => {
    const figures = {} as Record<K, number>;
    for (const name of names) figures[name] = await sides[name]();
    return figures;
  };
  await round();
  const all: Record<K, number>[] = [];
  for (let i = 0; i < rounds; i++) all.push(await round());
  return {
    of: (name: K) => median(all.map((figures) => figures[name])),
    ratio: (one: K, other: K) => median(all.map((figures) => figures[one] / figures[other])),
  };
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes on the heap and outside of it that something still needs. */
export function memoryInUse(): number {
  collect();
  collect(); // what the first one found unreachable outside the heap is given back by the second
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
