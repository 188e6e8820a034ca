// From runs to figures: when each reached the target, what it had cost by then, what it ended with, and all of that against the reference.

import { bytes as bytesText, table } from "../../host/cli/view/text.ts";
import type { Point } from "../../host/sim/simulate.ts";
import type { Metric } from "./metrics.ts";
import type { CellResult } from "./run_cell.ts";
import type { Setting } from "./settings.ts";
import type { Cell } from "./strategies.ts";

export interface Outcome {
  cell: Cell;
  result: CellResult;
}

/** A figure's median over the seeds, and its range. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/**
 * One line of `--json`. Times in seconds of virtual time, accuracies (of the setting's metric) as fractions; null where a run's target was never
 * reached.
 */
export interface Figures {
  dataset: string;
  partition: string;
  clients: number;
  stragglers: number;
  concurrency: Cell["concurrency"];
  strategy: string;
  variant: number;
  target: number;
  timeToTarget: number | null;
  bytes: number | null; // up and down, framing included, until the target was reached
  memory: number; // arena of the smallest board
  accuracy: number;
  stragglerAccuracy: number | null;
  worstTenth: number;
  failedSeeds: number;
  staleness: number;
  range: { timeToTarget: [number, number] | null; accuracy: [number, number] };
  vsFedAvg: {
    time: number | null;
    bytes: number | null;
    memory: number;
    accuracy: number;
    stragglerAccuracy: number | null;
  };
}

export interface Block {
  setting: Setting;
  place: Pick<Cell, "partition" | "clients" | "stragglers">;
  /** By row: the variant that was run, and what each of the four came to on the tuning seeds, where they were tuned. */
  best: ReadonlyMap<string, number>;
  merits?: ReadonlyMap<string, readonly number[]>;
  seeds: number;
  target: number;
  outcomes: Outcome[];
  figures: Figures[];
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** The last three measurements' mean: a single one is as noisy as its test set is small. */
export const finalAccuracy = ({ curve }: CellResult): number =>
  curve.slice(-3).reduce((sum, { accuracy }) => sum + accuracy, 0) / Math.min(3, curve.length);

const isOf = (row: string, concurrency: Cell["concurrency"]) => (o: Outcome) =>
  o.cell.row === row && o.cell.concurrency === concurrency;

/** One point below what the reference ends with, as the median over the seeds. */
export function targetOf(outcomes: readonly Outcome[], reference: string): number {
  const finals = outcomes.filter(isOf(reference, "equal")).map(({ result }) => finalAccuracy(result));
  return spread(finals).median - 0.01;
}

/** The first of two measurements in a row that are both at the target or above: one alone may be luck. */
export function reached(curve: readonly Point[], target: number): Point | undefined {
  return curve.find((point, i) => point.accuracy >= target && (curve[i + 1]?.accuracy ?? -1) >= target);
}

/** What the final model is worth to clients, each on its own samples: the mean over stragglers, and over the tenth to whom it is worth least. */
export function clientFigures({ clientAccuracy, speeds }: CellResult): {
  stragglers: number | null;
  worstTenth: number;
} {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const judged = clientAccuracy.map((accuracy, i) => ({ accuracy, speed: speeds[i]! })).filter((c) => c.accuracy >= 0);
  const slow = judged.filter(({ speed }) => speed < 1).map(({ accuracy }) => accuracy);
  const worst = judged.map(({ accuracy }) => accuracy).sort((a, b) => a - b);
  return {
    stragglers: slow.length > 0 ? mean(slow) : null,
    worstTenth: mean(worst.slice(0, Math.max(1, Math.round(worst.length / 10)))),
  };
}

function rowFigures(outcomes: readonly Outcome[], target: number): Omit<Figures, "vsFedAvg"> {
  const { cell } = outcomes[0]!;
  const points = outcomes.map(({ result }) => reached(result.curve, target));
  const hits = points.filter((point) => point !== undefined);
  const mostFailed = hits.length * 2 <= points.length; // a median over seeds that mostly failed would be of the lucky ones
  const times = hits.map(({ seconds }) => seconds);
  const finals = spread(outcomes.map(({ result }) => finalAccuracy(result)));
  const clients = outcomes.map(({ result }) => clientFigures(result));
  const slow = clients.map(({ stragglers }) => stragglers).filter((value) => value !== null);
  const time = mostFailed ? undefined : spread(times);
  return {
    ...{ dataset: cell.setting, partition: cell.partition, clients: cell.clients, stragglers: cell.stragglers },
    ...{ concurrency: cell.concurrency, strategy: cell.row, variant: cell.variant, target },
    timeToTarget: time?.median ?? null,
    bytes: mostFailed ? null : spread(hits.map(({ bytes }) => bytes.up + bytes.down)).median,
    memory: outcomes[0]!.result.smallestArena,
    accuracy: finals.median,
    stragglerAccuracy: slow.length > 0 ? spread(slow).median : null,
    worstTenth: spread(clients.map(({ worstTenth }) => worstTenth)).median,
    failedSeeds: points.length - hits.length,
    staleness: spread(outcomes.map(({ result }) => result.meanStaleness)).median,
    range: { timeToTarget: time ? [time.least, time.most] : null, accuracy: [finals.least, finals.most] },
  };
}

/** One row for each strategy and concurrency; all are held against the reference at equal concurrency. */
export function figuresOf(outcomes: readonly Outcome[], target: number, reference: string): Figures[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = `${outcome.cell.concurrency}/${outcome.cell.row}`;
    groups.set(key, [...(groups.get(key) ?? []), outcome]);
  }
  const list = [...groups.values()].map((group) => rowFigures(group, target));
  const of = list.find(({ strategy, concurrency }) => strategy === reference && concurrency === "equal")!;
  const relative = (a: number | null, b: number | null) => (a === null || b === null ? null : a / b - 1);
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b);
  return list.map((row) => ({
    ...row,
    vsFedAvg: {
      time: relative(row.timeToTarget, of.timeToTarget),
      bytes: relative(row.bytes, of.bytes),
      memory: row.memory / of.memory - 1,
      accuracy: row.accuracy - of.accuracy,
      stragglerAccuracy: less(row.stragglerAccuracy, of.stragglerAccuracy),
    },
  }));
}

const signed = (value: number | null, digits = 0) =>
  value === null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value * 100).toFixed(digits)}`;
const points = (value: number | null) => (value === null ? "–" : (value * 100).toFixed(1));

export const columnsOf = (metric: Metric): string[] => [
  ...["strategy", "at work", "time s", "vs %", "bytes", "vs %", "arena", "vs %", `${metric} %`, "range", "points"],
  ...["stragglers %", "worst tenth %", "failed"],
];

/** The cells of a row, as the report and the terminal show them. */
export function cellsOf(row: Figures): string[] {
  const { vsFedAvg: vs, range } = row;
  return [
    row.strategy,
    row.concurrency,
    row.timeToTarget === null ? "–" : row.timeToTarget.toFixed(0),
    signed(vs.time),
    row.bytes === null ? "–" : bytesText(row.bytes),
    signed(vs.bytes),
    String(row.memory),
    signed(vs.memory),
    points(row.accuracy),
    `${points(range.accuracy[0])}–${points(range.accuracy[1])}`,
    signed(vs.accuracy, 1),
    points(row.stragglerAccuracy),
    points(row.worstTenth),
    String(row.failedSeeds),
  ];
}

export const matrixColumns = [
  ...["data", "clients", "stragglers", "strategy", "time s", "vs %", "bytes vs %", "points"],
  ...["double: time s", "vs %", "bytes vs %", "points"],
];

const matrixCells = ({ timeToTarget, vsFedAvg: { time, bytes, accuracy } }: Figures) => [
  timeToTarget === null ? "–" : timeToTarget.toFixed(0),
  signed(time),
  signed(bytes),
  signed(accuracy, 1),
];

/** The rows of a place in the matrix: a strategy's figures with as many boards at work, then with twice as many. */
export function matrixRows({ place, figures }: Block): string[][] {
  const at = (concurrency: Cell["concurrency"]) => figures.filter((row) => row.concurrency === concurrency);
  const double = at("double");
  return at("equal").map((row) => [
    place.partition,
    String(place.clients),
    `${place.stragglers * 100} %`,
    row.strategy,
    ...matrixCells(row),
    ...matrixCells(double.find(({ strategy }) => strategy === row.strategy)!),
  ]);
}

export function titleOf({ setting, place, target }: Block): string {
  const { partition, clients, stragglers } = place;
  const what = setting.metric === "accuracy" ? "target" : `target ${setting.metric}`;
  return `${setting.name}, ${partition}, ${clients} clients, ${stragglers * 100} % stragglers; ${what} ${points(target)} %`;
}

export const headlineTable = (block: Block): string =>
  `${titleOf(block)}\n\n${table(columnsOf(block.setting.metric), block.figures.map(cellsOf))}`;
