// The judges of whole runs: what a run's file holds, read without any of our code, and every model in it recomputed in f64 from the updates
// that the file says were folded.

import Database from "better-sqlite3";
import { decodeUpdateHeader, SliceHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { places } from "../plan/bench.ts";
import { updateDelta } from "./reference_fold.ts";
import { plans } from "./session.ts";

export interface Recorded {
  tasks: {
    board: string;
    task: number;
    state: string;
    baseVersion: number;
    frozenVersion: number;
    foldedIn: number | null;
    bytes: Buffer | null;
    reason: string | null;
    full: Buffer; // what its board held when it began: SliceHeader, f32 values
    delta: Buffer | null;
  }[];
  models: Float32Array[]; // by version
}

/** What the file of a run holds, read without any of our code. */
export function recorded(path: string): Recorded {
  const db = new Database(path, { readonly: true });
  const tasks = db
    .prepare(
      "SELECT t.board, t.task, t.state, t.baseVersion, t.frozenVersion, t.foldedIn, t.full, t.delta, t.reason, u.bytes FROM tasks t LEFT JOIN updates u USING (run, board, task) ORDER BY t.foldedIn, t.arrival, t.board, t.task",
    )
    .all() as Recorded["tasks"];
  const rows = db.prepare("SELECT parameters FROM models ORDER BY version").all() as { parameters: Buffer }[];
  db.close();
  return { tasks, models: rows.map((r) => new Float32Array(Uint8Array.from(r.parameters).buffer)) };
}

/** An update that had weight in a model. */
export interface Weighed {
  board: string;
  staleness: number;
}

/** A server step, as a paper has it. */
export interface Formula {
  /** a_i; `latest` are all updates that had weight so far, this step's too, in their order. */
  weight: (update: Weighed & { samples: number }, latest: readonly Weighed[]) => number;
  /** N, from the weights that cover a coordinate, and from which one it is. */
  divisor: (covering: number[], coordinate: number) => number;
  /** What an update asks of a coordinate; its Δ when left out. */
  change?: (update: { delta: number; base: number; w: number }) => number;
  /** C, to which longer updates are scaled down. */
  clipNorm?: number;
  /** η_g, by `latest`; 1 when left out. */
  rate?: (latest: readonly Weighed[]) => number;
  /** Left out are updates that are so many times longer than the median of a step of three updates at least. */
  factor?: number;
}

/** Every model version of the run, recomputed in f64 from the version before it and the updates folded into it. */
export function recomputed(
  { tasks, models }: Recorded,
  classOf: (board: string) => string,
  formula: Formula,
): Float64Array[] {
  return models.slice(0, -1).map((before, v) => {
    const folded = tasks.filter((t) => t.foldedIn === v + 1);
    const planOf = ({ board }: Recorded["tasks"][number]) => plans.get(classOf(board))!;
    const deltas = folded.map((task) => updateDelta(task.bytes!, planOf(task)));
    const norms = deltas.map((delta) => Math.hypot(...delta.values()));
    const limit = folded.length < 3 ? Number.POSITIVE_INFINITY : (formula.factor ?? Number.POSITIVE_INFINITY);
    const sum = new Map<number, { value: number; weights: number[] }>();
    const latest = tasks
      .filter((t) => t.foldedIn !== null && t.foldedIn <= v + 1 && t.reason === null)
      .map(({ board, foldedIn, baseVersion }) => ({ board, staleness: foldedIn! - 1 - baseVersion }));
    const rate = formula.rate?.(latest) ?? 1;
    folded.forEach((task, i) => {
      if (norms[i]! > limit * middleOf(norms)) return;
      const staleness = v - task.baseVersion;
      const { samples } = decodeUpdateHeader(task.bytes!);
      const a = formula.weight({ board: task.board, staleness, samples }, latest);
      const clip = Math.min(1, (formula.clipNorm ?? Number.POSITIVE_INFINITY) / norms[i]!);
      const sliceAt = new Map(places(planOf(task)).map((c, j) => [c, SliceHeaderBytes + 4 * j]));
      for (const [c, whole] of deltas[i]!) {
        const entry = sum.get(c) ?? { value: 0, weights: [] };
        const about = { delta: clip * whole, base: task.full.readFloatLE(sliceAt.get(c)!), w: before[c]! };
        entry.value += a * (formula.change?.(about) ?? about.delta);
        entry.weights.push(a);
        sum.set(c, entry);
      }
    });
    return Float64Array.from(before, (w, c) => {
      const entry = sum.get(c);
      return entry ? w + (rate * entry.value) / formula.divisor(entry.weights, c) : w;
    });
  });
}

/** The same for CA2FL: w + h̄ + the mean of Δ - h over the updates that cover a coordinate; what h holds of a board that never came is 0. */
export function recalibrated({ tasks, models }: Recorded, classes: ReadonlyMap<string, string>): Float64Array[] {
  const planOf = (board: string) => plans.get(classes.get(board)!)!;
  const last = new Map<string, Map<number, number>>();
  return models.slice(0, -1).map((before, v) => {
    const folded = tasks.filter((t) => t.foldedIn === v + 1);
    const updates = folded.map(({ board, bytes }) => ({ board, delta: updateDelta(bytes!, planOf(board)) }));
    const next = Float64Array.from(before, (w, c) => {
      const boards = [...classes.keys()].filter((board) => places(planOf(board)).includes(c));
      const mean = boards.reduce((sum, board) => sum + (last.get(board)?.get(c) ?? 0), 0) / Math.max(1, boards.length);
      const covering = updates.filter(({ delta }) => delta.has(c));
      const news = covering.map(({ board, delta }) => delta.get(c)! - (last.get(board)?.get(c) ?? 0));
      return w + mean + news.reduce((sum, d) => sum + d, 0) / Math.max(1, news.length);
    });
    for (const { board, delta } of updates) last.set(board, delta);
    return next;
  });
}

const middleOf = (list: number[]) => {
  const sorted = list.toSorted((a, b) => a - b);
  return (sorted[Math.floor((list.length - 1) / 2)]! + sorted[Math.ceil((list.length - 1) / 2)]!) / 2;
};
