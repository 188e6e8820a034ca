// The report of the experiments: the written parts of docs/results/headline.md between its marks, its pictures, and the figures of the headline,
// of its full matrix and of its long runs in headline.json, full.json and long.json. The page's prose is written by hand.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/build/root.ts";
import { chartSvg } from "../../host/cli/view/chart.ts";
import { markdown, withPart } from "../bench/device/report.ts";
import { type Block, cellsOf, columnsOf, type Figures, matrixColumns, matrixRows, titleOf } from "./figures.ts";
import type { Metric } from "./metrics.ts";
import { curvesChart, memoryChart } from "./pictures.ts";
import { kernelsHash } from "./pool.ts";
import { rows, variantText } from "./strategies.ts";

const folder = join(root, "docs", "results");
const dataPath = join(folder, "headline.json");
const fullPath = join(folder, "full.json");
const longPath = join(folder, "long.json");

interface CommittedBlock {
  dataset: string;
  metric?: Metric; // what accuracies are; the share of right answers in figures that do not say it
  seeds: number;
  kernels: string; // SHA-256 of the kernels
  target: number;
  variants: Record<string, number>;
  figures: Figures[];
}

const committed = (path = dataPath): CommittedBlock[] =>
  existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).blocks : [];

/** Into the file at `path`; the blocks of data sets that were not run stay as they are. */
function commit(path: string, blocks: readonly Block[]): void {
  const kernels = kernelsHash();
  const fresh = blocks.map(({ setting, seeds, target, best, figures }): CommittedBlock => {
    const { name: dataset, metric } = setting;
    return { dataset, metric, seeds, kernels, target, variants: Object.fromEntries(best), figures };
  });
  const isFresh = ({ dataset }: CommittedBlock) => fresh.some((block) => block.dataset === dataset);
  const all = [...fresh, ...committed(path).filter((block) => !isFresh(block))];
  all.sort((a, b) => a.dataset.localeCompare(b.dataset));
  writeFileSync(path, `${JSON.stringify({ blocks: all }, undefined, 1)}\n`);
}

const over = (seeds: number) => (seeds === 1 ? "One seed" : `Median of ${seeds} seeds`);
const provenance = ({ seeds }: Block) => `${over(seeds)}; kernels ${kernelsHash().slice(0, 16)}.`;

/** The variants that the committed report's rows were tuned to. */
export function committedVariants(dataset: string): ReadonlyMap<string, number> {
  const block = committed().find((b) => b.dataset === dataset);
  if (!block) throw new Error(`${dataPath} has no figures of ${dataset}: run without --reduced, with --write, first`);
  return new Map(Object.entries(block.variants));
}

interface Goal {
  name: string;
  of: (equal: Figures, double: Figures) => number | null;
  most: number;
  further: number; // what comes after it
  unit: "share" | "points";
}

/** What is held against the reference, and how much of it may be left. */
const goalsOf = (metric: Metric): Goal[] => [
  {
    name: "time, twice as many at work",
    of: (_, double) => double.vsFedAvg.time,
    most: -0.81,
    further: -0.85,
    unit: "share",
  },
  { name: "time, as many at work", of: (equal) => equal.vsFedAvg.time, most: -0.5, further: -0.5, unit: "share" },
  {
    name: "memory of the smallest board",
    of: (equal) => equal.vsFedAvg.memory,
    most: -0.8,
    further: -0.85,
    unit: "share",
  },
  { name: "bytes, as many at work", of: (equal) => equal.vsFedAvg.bytes, most: -0.69, further: -0.9, unit: "share" },
  {
    name: "bytes, twice as many at work",
    of: (_, double) => double.vsFedAvg.bytes,
    most: -0.69,
    further: -0.9,
    unit: "share",
  },
  {
    name: `${metric} lost, as many at work`,
    of: (equal) => -equal.vsFedAvg.accuracy,
    most: 0.02,
    further: 0.01,
    unit: "points",
  },
  {
    name: `${metric} lost, twice as many`,
    of: (_, double) => -double.vsFedAvg.accuracy,
    most: 0.02,
    further: 0.01,
    unit: "points",
  },
  {
    name: `${metric} lost by stragglers, twice as many`,
    of: (_, { vsFedAvg: { stragglerAccuracy } }) => stragglerAccuracy && -stragglerAccuracy,
    most: 0.02,
    further: 0.01,
    unit: "points",
  },
];

/** The rows that were run. */
const rowsOf = ({ figures }: Pick<Block, "figures">) =>
  rows.filter(({ name }) => figures.some(({ strategy }) => strategy === name));

function goalText(value: number | null, { unit }: Goal): string {
  if (value === null) return "not reached";
  const percent = (Math.round(value * 1000) / 10 || 0).toFixed(1); // no -0.0
  return unit === "share" ? `${percent} %` : percent;
}

/** What a row comes to of a goal, and whether that meets it, and the further one. */
function goalOf(goal: Goal, figures: readonly Figures[], name: string) {
  const of = (concurrency: string) => figures.find((row) => row.strategy === name && row.concurrency === concurrency)!;
  const value = goal.of(of("equal"), of("double"));
  const isWithin = (most: number) => value !== null && value <= most;
  return { text: goalText(value, goal), isMet: isWithin(goal.most), isFurther: isWithin(goal.further) };
}

function goalTable(block: Block): string {
  const names = rowsOf(block).flatMap(({ name }) => (name.startsWith("FTTE") ? [name] : []));
  const body = goalsOf(block.setting.metric).map((goal) => [
    goal.name,
    goalText(goal.most, goal),
    ...names.map((name) => {
      const { text, isMet } = goalOf(goal, block.figures, name);
      return `${text}${isMet ? " ✓" : ""}`;
    }),
  ]);
  return markdown(["", "at most", ...names], body);
}

const forTwoSizes = ["FTTE, tiers", "FTTE, tiers with heads", "FTTE, tiers with heads, int4"];

/** The goals on all data sets of the committed report, by rows that are for boards of two sizes: what misses one is bold, what meets a further one ticked. */
export function goalsText(): string {
  const goals = goalsOf("accuracy");
  const body = committed().flatMap(({ dataset, seeds, figures }) => {
    const names = rowsOf({ figures }).map(({ name }) => name);
    return names
      .filter((name) => forTwoSizes.includes(name))
      .map((name) => {
        const cells = goals.map((goal) => goalOf(goal, figures, name));
        const texts = cells.map(({ text, isMet, isFurther }) =>
          isFurther ? `${text} ✓` : isMet ? text : `**${text}**`,
        );
        return [dataset, name, ...texts, `${seeds}`];
      });
  });
  const most = ["at most", "", ...goals.map((goal) => goalText(goal.most, goal)), ""];
  const further = ["further, ✓", "", ...goals.map((goal) => goalText(goal.further, goal)), ""];
  return markdown(["", "", ...goals.map(({ name }) => name), "seeds"], [most, further, ...body], 2);
}

/** What every row was tuned to, and what its four variants came to: two settings of the server with the lower rate, two with the higher one. */
function settingsTable({ setting, best, merits, ...block }: Block): string {
  const percent = (value: number) => (value * 100).toFixed(2);
  const body = rowsOf(block).map((row) => {
    const [a, b, c, d] = (merits?.get(row.name) ?? []).map(percent);
    return [row.name, variantText(setting, row, best.get(row.name)!), ...(merits ? [`${a}, ${b}`, `${c}, ${d}`] : [])];
  });
  const columns = setting.learningRates.map((rate) => `${setting.metric} %, rate ${rate}`);
  return markdown(["", "the best of its four", ...(merits ? columns : [])], body);
}

function blockText(block: Block, isMain: boolean): string {
  const name = fileName(block);
  const { metric } = block.setting;
  const pictures = [
    `![${metric} over virtual time](${name}-time.svg)`,
    `![${metric} and bytes](${name}-bytes.svg)`,
    `![memory and ${metric}](${name}-memory.svg)`,
  ].join("\n\n");
  return [
    `### ${titleOf(block)}`,
    markdown(columnsOf(metric), block.figures.map(cellsOf)),
    ...(isMain ? [goalTable(block), pictures, settingsTable(block)] : []),
  ].join("\n\n");
}

const fileName = ({ setting }: Block) => setting.name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** Each data set's part of the page, its pictures and its figures; those of data sets that were not run stay as they are. */
export async function writeReport(all: readonly Block[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const block of all) {
    await writePictures(block);
    writePart(fileName(block), `${provenance(block)}\n\n${blockText(block, true)}`);
  }
  commit(dataPath, all);
  writePart("goals", goalsText());
}

/** Each data set's matrix: how its strategies compare with other numbers of clients, shares of stragglers, and with IID data. */
export function writeFull(all: readonly Block[]): void {
  for (const name of new Set(all.map(fileName))) {
    const blocks = all.filter((block) => fileName(block) === name);
    const table = markdown(matrixColumns, blocks.flatMap(matrixRows), 4);
    writePart(`${name}, full`, `${provenance(blocks[0]!)}\n\n${table}`);
  }
  commit(fullPath, all);
}

/** Each data set's runs with four times as many updates, and their picture. */
export async function writeLong(blocks: readonly Block[]): Promise<void> {
  for (const block of blocks) {
    const name = `${fileName(block)}-long-time`;
    await writePicture(name, curvesChart(block, "seconds"));
    const picture = `![${block.setting.metric} over virtual time](${name}.svg)`;
    const parts = [provenance(block), blockText(block, false), goalTable(block), picture];
    writePart(`${fileName(block)}, long`, parts.join("\n\n"));
  }
  commit(longPath, blocks);
}

/** The part of the page that anybody can repeat in minutes. */
export function writeReduced(blocks: readonly Block[]): void {
  const text = blocks.map((block) => blockText(block, false)).join("\n\n");
  writePart("reduced", `${over(blocks[0]!.seeds)}, the variants of the tables above.\n\n${text}`);
}

async function writePictures(block: Block): Promise<void> {
  const name = fileName(block);
  await writePicture(`${name}-time`, curvesChart(block, "seconds"));
  await writePicture(`${name}-bytes`, curvesChart(block, "bytes"));
  await writePicture(`${name}-memory`, memoryChart(block));
}

async function writePicture(name: string, chart: object): Promise<void> {
  writeFileSync(join(folder, `${name}.svg`), `${await chartSvg(chart)}\n`);
}

/** The part of the page about clients that do harm. */
export function writeHostile(header: string[], cells: string[][]): void {
  writePart("hostile", markdown(header, cells));
}

/** The part of the page about the weights by age and variance, and its picture. */
export async function writeWeights(seeds: number, header: string[], cells: string[][], chart: object): Promise<void> {
  await writePicture("weights", chart);
  const picture = "![accuracy with other weights](weights.svg)";
  writePart("weights", `${over(seeds)}.\n\n${markdown(header, cells)}\n\n${picture}`);
}

/** The part of the page about the encodings of updates. */
export function writeEncodings(seeds: number, header: string[], cells: string[][]): void {
  writePart("encodings", `${over(seeds)}.\n\n${markdown(header, cells)}`);
}

/** The part of the page about coordinates that not all boards train. */
export function writeCoverage(seeds: number, header: string[], cells: string[][]): void {
  writePart("coverage", `${over(seeds)}.\n\n${markdown(header, cells, 2)}`);
}

/** The part of the page about boards' turns. */
export function writeTurns(seeds: number, header: string[], cells: string[][]): void {
  writePart("turns", `${over(seeds)}.\n\n${markdown(header, cells, 2)}`);
}

/** The part of the page about few boards that are all at work. */
export function writeShares(seeds: number, header: string[], cells: string[][]): void {
  writePart("shares", `${over(seeds)}.\n\n${markdown(header, cells, 2)}`);
}

function writePart(name: string, text: string): void {
  const path = join(folder, "headline.md");
  writeFileSync(path, withPart(readFileSync(path, "utf8"), name, text));
}
