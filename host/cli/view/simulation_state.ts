// What a person sees of simulations under way, as plain data: how far each seed is, how fast, how long it will yet take. No terminal and no
// clock here; simulation.ts draws it.

import type { SeedEvent } from "../seed_run.ts";
import type { CurvePoint } from "./curve.ts";

/** When a simulation ends: at the first of these. */
export interface Ends {
  updates?: number;
  versions?: number;
  seconds?: number;
}

export interface SeedView {
  seed: number;
  version: number;
  seconds: number; // of virtual time
  folded: number;
  accuracy: number | undefined;
  curve: CurvePoint[];
  /** Of its way to the end, 0 to 1; 0 where only an accuracy ends it. */
  share: number;
  isDone: boolean;
}

interface Mark {
  at: number; // seconds since the command began
  folded: number;
  share: number;
}

export interface SimulationView {
  ends: Ends;
  seeds: SeedView[];
  /** How far all were at moments of the last seconds. */
  marks: Mark[];
}

const windowSeconds = 15;

export function emptySimulation(seeds: readonly number[], ends: Ends): SimulationView {
  const fresh = { version: 0, seconds: 0, folded: 0, accuracy: undefined, share: 0, isDone: false };
  return { ends, marks: [], seeds: seeds.map((seed) => ({ seed, ...fresh, curve: [] })) };
}

function shareOf({ updates, versions, seconds }: Ends, at: Pick<SeedView, "version" | "seconds" | "folded">): number {
  const of = (value: number, end: number | undefined) => (end === undefined ? 0 : value / end);
  return Math.min(1, Math.max(of(at.folded, updates), of(at.version, versions), of(at.seconds, seconds)));
}

/** Takes an event in, in place. @param at seconds since the command began */
export function reduceSeed(view: SimulationView, event: SeedEvent, at: number): void {
  const seed = view.seeds.find((s) => s.seed === event.seed)!;
  if (event.type === "done") Object.assign(seed, { isDone: true, share: 1 });
  else {
    const { version, seconds, folded } = event;
    Object.assign(seed, { version, seconds, folded, share: shareOf(view.ends, event) });
  }
  if (event.type === "point") {
    seed.accuracy = event.accuracy;
    seed.curve.push({ seconds: event.seconds, accuracy: event.accuracy });
  }
  mark(view, at, event.type === "done");
}

/** Ten a second are enough, but for what is worth one. */
function mark({ seeds, marks }: SimulationView, at: number, isWorth: boolean): void {
  const last = marks.at(-1);
  if (last && at - last.at < 0.1 && !isWorth) return;
  const sum = (of: (seed: SeedView) => number) => seeds.reduce((total, seed) => total + of(seed), 0);
  marks.push({ at, folded: sum((s) => s.folded), share: sum((s) => s.share) / seeds.length });
  while (marks.length > 2 && at - marks[0]!.at > windowSeconds) marks.shift();
}

/** Updates a second of all seeds together, and the seconds until all are done; undefined while nothing can be said. */
export function pace({ marks }: SimulationView): { updatesPerSecond?: number; secondsLeft?: number } {
  const [first] = marks;
  const last = marks.at(-1);
  if (!first || !last || last.at - first.at < 0.5) return {};
  const passed = last.at - first.at;
  const gained = last.share - first.share;
  const updatesPerSecond = (last.folded - first.folded) / passed;
  return gained > 0 && last.share < 1
    ? { updatesPerSecond, secondsLeft: ((1 - last.share) / gained) * passed }
    : { updatesPerSecond };
}
