// The store on this machine's disk beside SQLite itself: the same bytes in as many transactions, with the same settings, from prepared
// statements and into tables without constraints. What is between them is what the store's guarantees and its code cost.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { root } from "../../../host/build/root.ts";
import type { StoredTask } from "../../../host/fl/run_store.ts";
import type { SqliteRun } from "../../../host/store/run.ts";
import { Store } from "../../../host/store/store.ts";
import { type Figure, inTurn } from "./measure.ts";

/** As in the demo's network: a slice of 6,000 parameters. */
const update = new Uint8Array(6100).fill(3);
const held = new Float32Array(6000).fill(0.5);
const full = new Uint8Array(8 + held.byteLength);
const delta = { baseVersion: 0, baseCrc: 1, bytes: update };
/** Updates that share a commit (host/store/run.ts). */
const group = 64;

const boardOf = (n: number) => `board-${n % 100}`;
const task = (n: number): StoredTask => ({
  ...{ board: boardOf(n), task: 1 + Math.floor(n / 100), baseVersion: 1, frozenVersion: 0, seed: 1, finish: 0 },
  ...{ full, delta, state: "sent", arrival: 0 },
});

/** A run whose arrivals each commit the end of an order and the next one, as a coordinator's do. */
class Ours {
  private durable = 0;
  private arrived = 0;

  constructor(private readonly run: SqliteRun) {
    run.putModel(0, held, 0);
  }

  async putUpdates(count: number): Promise<number> {
    const orders = Array.from({ length: count }, (_, i) => ({ task: task(this.durable + i), held }));
    this.run.commit({ orders });
    const start = performance.now();
    for (let first = 0; first < count; first += group)
      await Promise.all(
        orders.slice(first, first + group).map(({ task: t }) => this.run.putUpdate(t.board, t.task, update)),
      );
    this.durable += count;
    return count / ((performance.now() - start) / 1000);
  }

  commitArrivals(count: number): number {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const ended = task(this.arrived++);
      const next = { ...task(this.arrived), task: 1_000_000 + this.arrived };
      const arrival = { board: ended.board, task: ended.task, state: "arrived", arrival: this.arrived } as const;
      this.run.commit({ task: arrival, orders: [{ task: next, held }] });
    }
    return count / ((performance.now() - start) / 1000);
  }
}

/** A table of blobs. */
class Plain {
  private readonly insert;

  constructor(private readonly db: Database.Database) {
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec("CREATE TABLE rows (a BLOB, b BLOB, c BLOB)");
    this.insert = db.prepare("INSERT INTO rows VALUES (?, ?, ?)");
  }

  rate(count: number, perCommit: number, blobs: (Uint8Array | null)[]): number {
    const some = this.db.transaction((n: number) => {
      for (let i = 0; i < n; i++) this.insert.run(...blobs);
    });
    const start = performance.now();
    for (let first = 0; first < count; first += perCommit) some(Math.min(perCommit, count - first));
    return count / ((performance.now() - start) / 1000);
  }
}

export async function storeFigures(rounds: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(root, "build", "bench-store-"));
  const store = Store.open(join(folder, "ours.sqlite"));
  const ours = new Ours(store.open(store.createRun("bench", "{}").id));
  const db = new Database(join(folder, "plain.sqlite"));
  const plain = new Plain(db);
  const bytes = [full, update, new Uint8Array(held.buffer)];
  const [updates, arrivals] = [8 * group, 100];
  try {
    const durable = await inTurn(rounds, {
      ours: () => ours.putUpdates(updates),
      plain: () => plain.rate(updates, group, [update, null, null]),
    });
    const committed = await inTurn(rounds, {
      ours: () => ours.commitArrivals(arrivals),
      plain: () => plain.rate(arrivals, 1, bytes),
    });
    const figure = (what: string, { of, ratio }: typeof durable): Figure => {
      const ratios = { "plain SQLite": ratio("ours", "plain") };
      return { row: "store", what, value: of("ours"), unit: "rows/s", ratios };
    };
    return [
      figure(`updates of ${update.length} bytes made durable, ${group} a commit`, durable),
      figure("arrivals committed one by one, each with the next order", committed),
    ];
  } finally {
    store.close();
    db.close();
    rmSync(folder, { recursive: true });
  }
}
