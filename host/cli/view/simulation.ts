// Simulations under way, and what they came to: a screen for a terminal, lines for a log, tables and JSON. `renderSimulation` and what makes
// tables are pure.

import { createLogUpdate } from "log-update";
import type { SeedEvent, SeedResult } from "../seed_run.ts";
import { drawCurve } from "./curve.ts";
import {
  type Ends,
  emptySimulation,
  pace,
  reduceSeed,
  type SeedView,
  type SimulationView,
} from "./simulation_state.ts";
import { bar, bytes, minutes, percent, table, virtualTime } from "./text.ts";
import { coloured } from "./tone.ts";

export interface SimulationOutput {
  on(event: SeedEvent): void;
  close(): void;
}

const shownSeeds = 16;
const accuracyText = ({ accuracy }: SeedView) => (accuracy === undefined ? "–" : percent(accuracy));

function paceText(view: SimulationView): string {
  const { updatesPerSecond, secondsLeft } = pace(view);
  const parts = updatesPerSecond === undefined ? [] : [`${Math.round(updatesPerSecond)} updates/s`];
  if (secondsLeft !== undefined) parts.push(`${minutes(Math.ceil(secondsLeft))} left`);
  return parts.join(", ");
}

function seedLine(seed: SeedView): string {
  const state = seed.isDone ? "done".padEnd(12) : bar(seed.share, 12);
  const parts = [`${virtualTime(seed.seconds)} virtual`, `version ${seed.version}`, `${seed.folded} updates`];
  return ` seed ${seed.seed}  ${state}  ${[...parts, accuracyText(seed)].join(" · ")}`;
}

/** The screen as text, at most `width` columns wide. @param at seconds since the command began */
export function renderSimulation(view: SimulationView, at: number, width: number): string {
  const { seeds } = view;
  const done = seeds.filter(({ isDone }) => isDone).length;
  const running = seeds.findLast(({ isDone, curve }) => !isDone && curve.length > 0) ?? seeds[0]!;
  const head = [minutes(at), `${done} of ${seeds.length} seeds done`, paceText(view)].filter(Boolean);
  const lines = [
    ` ${head.join(" · ")}`,
    "",
    ...seeds.slice(0, shownSeeds).map(seedLine),
    ...(seeds.length > shownSeeds ? [`   … and ${seeds.length - shownSeeds} more seeds`] : []),
    "",
    ` accuracy over virtual time, seed ${running.seed}`,
    ...drawCurve(running.curve, Math.min(72, width - 12), 7),
  ];
  return lines.map((line) => [...line].slice(0, width - 1).join("")).join("\n");
}

const now = () => performance.now() / 1000;

function liveSimulation(stream: NodeJS.WriteStream, view: SimulationView): SimulationOutput {
  const update = createLogUpdate(stream, { showCursor: false });
  const began = now();
  const draw = () => {
    const text = renderSimulation(view, now() - began, stream.columns ?? 100);
    update(stream.hasColors() ? coloured(text) : text);
  };
  const timer = setInterval(draw, 100);
  return {
    on: (event) => reduceSeed(view, event, now() - began),
    close() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

/** A line for each measurement. */
export function plainSimulation(view: SimulationView, write: (line: string) => void): SimulationOutput {
  const began = now();
  return {
    on(event) {
      reduceSeed(view, event, now() - began);
      if (event.type !== "point") return;
      const { seed, seconds, folded, accuracy } = event;
      const pacing = paceText(view);
      const text = `seed ${seed}  ${virtualTime(seconds)}  ${folded} updates: accuracy ${percent(accuracy)}`;
      write(pacing ? `${text} (${pacing})` : text);
    },
    close() {},
  };
}

/** For the stream that people read: a screen where it is a terminal, else lines. */
export function simulationOutput(people: NodeJS.WriteStream, seeds: readonly number[], ends: Ends): SimulationOutput {
  const view = emptySimulation(seeds, ends);
  return people.isTTY ? liveSimulation(people, view) : plainSimulation(view, (line) => people.write(`${line}\n`));
}

/** Of the seeds' values. */
export interface Range {
  median: number;
  least: number;
  most: number;
}

function rangeOf(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  return { median: middle, least: sorted[0]!, most: sorted.at(-1)! };
}

const columns: [title: string, of: (result: SeedResult) => number, text: (value: number) => string][] = [
  ["before", (r) => r.accuracyBefore, (v) => percent(v)],
  ["accuracy", (r) => r.accuracy, (v) => percent(v)],
  ["virtual time", (r) => r.seconds, virtualTime],
  ["versions", (r) => r.versions, (v) => String(Math.round(v))],
  ["updates", (r) => r.updates.folded, (v) => String(Math.round(v))],
  ["rejected", (r) => r.updates.rejected, (v) => String(Math.round(v))],
  ["staleness", (r) => r.meanStaleness, (v) => v.toFixed(1)],
  ["up", (r) => r.bytes.up, (v) => bytes(Math.round(v))],
  ["down", (r) => r.bytes.down, (v) => bytes(Math.round(v))],
];

/** A row per seed; of several seeds median, least and most as well. */
export function simulationTable(results: readonly SeedResult[]): string {
  const row = (name: string, value: (of: (result: SeedResult) => number) => number) => [
    name,
    ...columns.map(([, of, text]) => text(value(of))),
  ];
  const range = (key: keyof Range) => row(key, (of) => rangeOf(results.map(of))[key]);
  const rows = results.map((result) => row(String(result.seed), (of) => of(result)));
  const header = ["seed", ...columns.map(([title]) => title)];
  return table(header, results.length > 1 ? [...rows, range("median"), range("least"), range("most")] : rows);
}

/** The last line of --json. */
export function simulationJson(name: string, boards: number, seeds: readonly SeedResult[]): object {
  const range = (of: (result: SeedResult) => number) => rangeOf(seeds.map(of));
  return {
    ...{ type: "simulation", name, boards },
    ...{ accuracy: range((r) => r.accuracy), seconds: range((r) => r.seconds), versions: range((r) => r.versions) },
    seeds,
  };
}
