// One run in the store's file. An update is durable when putUpdate resolves; updates that come within a few milliseconds share a commit.
// Everything else commits in its own transaction.

import type Database from "better-sqlite3";
import { FtteError } from "../errors.ts";
import type { Arrival, Counts, EndedOrder, RunStore, StoredBoard, StoredTask } from "../fl/run_store.ts";
import type { EarlierUpdate } from "../fl/strategy.ts";

const floats = (blob: Buffer) =>
  new Float32Array(blob.buffer.slice(blob.byteOffset, blob.byteOffset + blob.byteLength));
const blob = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

interface Pending {
  board: string;
  task: number;
  bytes: Uint8Array;
  resolve: (isNew: boolean) => void;
  reject: (error: unknown) => void;
}

const groupMax = 64;
const groupMs = 10;

interface BoardRow {
  id: string;
  tasks: number;
  version: number;
  held: Buffer;
  frozenVersion: number;
  lastVersion: number | null;
}

interface TaskRow {
  board: string;
  task: number;
  baseVersion: number;
  frozenVersion: number;
  seed: number;
  finish: number;
  full: Buffer;
  delta: Buffer | null;
  deltaVersion: number | null;
  deltaCrc: number | null;
  state: StoredTask["state"];
  arrival: number;
  bytes: Buffer | null;
}

interface CountRow {
  state: string;
  n: number;
  reasons: number; // of them, those with a reason
}

/** The durable side of one run. */
export class SqliteRun implements RunStore {
  private readonly statements = new Map<string, Database.Statement>();
  private group: Pending[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Database.Database,
    readonly run: number,
    private readonly attempt: <T>(work: () => T) => T,
  ) {}

  boards(): StoredBoard[] {
    const query = `SELECT b.id, b.tasks, b.version, b.held, t.frozenVersion,
      (SELECT max(a.baseVersion) FROM tasks a WHERE a.run = b.run AND a.board = b.id AND a.state IN ('arrived', 'folded')) AS lastVersion
      FROM boards b JOIN tasks t ON t.run = b.run AND t.board = b.id AND t.task = b.tasks WHERE b.run = ? ORDER BY b.id`;
    return (this.attempt(() => this.prepared(query).all(this.run)) as BoardRow[]).map((r) => ({
      id: r.id,
      tasks: r.tasks,
      held: { version: r.version, values: floats(r.held) },
      frozenVersion: r.frozenVersion,
      lastVersion: r.lastVersion ?? -1,
    }));
  }

  tasks(): StoredTask[] {
    const query =
      "SELECT t.*, u.bytes FROM tasks t LEFT JOIN updates u ON u.run = t.run AND u.board = t.board AND u.task = t.task WHERE t.run = ? AND t.state NOT IN ('folded', 'rejected') ORDER BY t.board, t.task";
    return (this.attempt(() => this.prepared(query).all(this.run)) as TaskRow[]).map((r) => this.task(r));
  }

  private task(r: TaskRow): StoredTask {
    const { board, task, baseVersion, frozenVersion, seed, finish, arrival } = r;
    const state = r.state === "sent" && r.bytes ? "received" : r.state;
    const out: StoredTask = { board, task, baseVersion, frozenVersion, seed, finish, full: r.full, state, arrival };
    if (r.delta) out.delta = { baseVersion: r.deltaVersion!, baseCrc: r.deltaCrc!, bytes: r.delta };
    if (r.bytes) out.update = r.bytes;
    return out;
  }

  endedOrders(): EndedOrder[] {
    const newest = "(SELECT max(version) FROM models m WHERE m.run = t.run)"; // what is in the buffer arrived at this version
    const query = `SELECT board, state, coalesce(foldedIn - 1, ${newest}) - baseVersion AS staleness FROM tasks t
      WHERE run = ? AND state IN ('arrived', 'folded', 'rejected') ORDER BY board, task`;
    const rows = this.attempt(() => this.prepared(query).all(this.run)) as (Pick<TaskRow, "board" | "state"> & {
      staleness: number;
    })[];
    return rows.map(({ board, state, staleness }) => {
      return { board, staleness: state === "rejected" ? undefined : staleness };
    });
  }

  lastFolded(): { board: string; update: Uint8Array }[] {
    const query = `SELECT t.board, max(t.task), u.bytes AS "update" FROM tasks t JOIN updates u USING (run, board, task)
      WHERE run = ? AND t.state = 'folded' AND t.reason IS NULL GROUP BY t.board`;
    return this.attempt(() => this.prepared(query).all(this.run)) as { board: string; update: Buffer }[];
  }

  latestWeighed(count: number): EarlierUpdate[] {
    const query = `SELECT board, foldedIn - 1 - baseVersion AS staleness FROM tasks WHERE run = ? AND state = 'folded' AND reason IS NULL
      ORDER BY foldedIn DESC, arrival DESC LIMIT ?`;
    return (this.attempt(() => this.prepared(query).all(this.run, count)) as EarlierUpdate[]).reverse();
  }

  /** A statement, compiled once. */
  private prepared(sql: string): Database.Statement {
    const known = this.statements.get(sql);
    if (known) return known;
    const statement = this.db.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }

  virtualTime(): number {
    const query = "SELECT max(finish) AS latest FROM tasks WHERE run = ? AND state <> 'sent'";
    const row = this.attempt(() => this.prepared(query).get(this.run)) as { latest: number | null };
    return row.latest ?? 0;
  }

  model(version?: number) {
    const query = `SELECT version, parameters FROM models WHERE run = ? ${version === undefined ? "ORDER BY version DESC LIMIT 1" : "AND version = ?"}`;
    const args = version === undefined ? [this.run] : [this.run, version];
    const row = this.attempt(() => this.prepared(query).get(...args)) as
      | { version: number; parameters: Buffer }
      | undefined;
    return row && { version: row.version, parameters: floats(row.parameters) };
  }

  holds(board: string, task: number): boolean {
    const query =
      "SELECT 1 FROM tasks t JOIN updates u USING (run, board, task) WHERE run = ? AND board = ? AND task = ? AND t.state <> 'rejected'";
    return this.attempt(() => this.prepared(query).get(this.run, board, task)) !== undefined;
  }

  counts(): Counts {
    const query = "SELECT state, count(*) AS n, count(reason) AS reasons FROM tasks WHERE run = ? GROUP BY state";
    const rows = this.attempt(() => this.prepared(query).all(this.run)) as CountRow[];
    const of = (state: string) => rows.find((r) => r.state === state)?.n ?? 0;
    const leftOut = rows.find((r) => r.state === "folded")?.reasons ?? 0;
    const { duplicates } = this.attempt(() =>
      this.prepared("SELECT duplicates FROM runs WHERE id = ?").get(this.run),
    ) as { duplicates: number };
    return { folded: of("folded"), leftOut, rejected: of("rejected"), duplicates };
  }

  putUpdate(board: string, task: number, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.group.push({ board, task, bytes, resolve, reject });
      if (this.group.length >= groupMax) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), groupMs);
    });
  }

  /** Commits the updates that wait. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const group = this.group;
    this.group = [];
    if (group.length === 0) return;
    const insert = "INSERT INTO updates (run, board, task, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    try {
      const fresh = this.attempt(() => {
        const statement = this.prepared(insert);
        const put = (p: Pending) => statement.run(this.run, p.board, p.task, p.bytes).changes === 1;
        return this.db.transaction(() => group.map(put))();
      });
      for (const [i, p] of group.entries()) p.resolve(fresh[i]!);
    } catch (error) {
      for (const p of group) p.reject(error);
    }
  }

  commit(arrival: Partial<Arrival>): void {
    this.attempt(() => this.db.transaction(() => this.write(arrival))());
  }

  private write({ task, fold, orders = [], duplicates = 0 }: Partial<Arrival>): void {
    if (task) this.endOrder(task);
    if (fold) this.fold(fold);
    this.insertOrders(orders);
    if (duplicates) this.prepared("UPDATE runs SET duplicates = duplicates + ? WHERE id = ?").run(duplicates, this.run);
  }

  /** From the states that it may come from, or not at all: what was folded or rejected stays so. */
  private endOrder({ board, task, state, arrival, reason }: Arrival["task"]): void {
    const durable =
      "AND EXISTS (SELECT 1 FROM updates u WHERE u.run = t.run AND u.board = t.board AND u.task = t.task)";
    const set = `UPDATE tasks AS t SET state = ?, arrival = ?, reason = ? WHERE run = ? AND board = ? AND task = ? AND state = 'sent' ${state === "arrived" ? durable : ""}`;
    if (this.prepared(set).run(state, arrival, reason ?? null, this.run, board, task).changes !== 1)
      throw this.contradiction(`task ${task} of ${board} would be ${state}, but it is not waiting for that`);
  }

  private fold({ version, parameters, seconds, folded }: NonNullable<Arrival["fold"]>): void {
    this.insertModel(version, parameters, seconds);
    const set = this.prepared(
      "UPDATE tasks SET state = 'folded', foldedIn = ?, reason = ? WHERE run = ? AND board = ? AND task = ? AND state = 'arrived'",
    );
    for (const { board, task, reason } of folded)
      if (set.run(version, reason ?? null, this.run, board, task).changes !== 1)
        throw this.contradiction(`task ${task} of ${board} would be folded, but it is not in the buffer`);
  }

  private contradiction(what: string): FtteError {
    return new FtteError("store-corrupt", `run ${this.run}: ${what}; restore the run store from a copy`);
  }

  private insertOrders(orders: Arrival["orders"]): void {
    const { run } = this;
    const held = this.prepared(
      "INSERT INTO boards (run, id, tasks, version, held) VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, id) DO UPDATE SET tasks = excluded.tasks, version = excluded.version, held = excluded.held",
    );
    const insert = this.prepared(
      "INSERT INTO tasks (run, board, task, baseVersion, frozenVersion, seed, finish, full, delta, deltaVersion, deltaCrc, state, arrival) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sent', 0)",
    );
    for (const { task: t, held: values } of orders) {
      const { bytes = null, baseVersion: deltaVersion = null, baseCrc = null } = t.delta ?? {};
      const places = [t.baseVersion, t.frozenVersion, t.seed, t.finish, t.full, bytes, deltaVersion, baseCrc];
      insert.run(run, t.board, t.task, ...places);
      held.run(run, t.board, t.task, t.baseVersion, blob(values));
    }
  }

  private insertModel(version: number, parameters: Float32Array, seconds: number): void {
    this.prepared("INSERT INTO models (run, version, parameters, seconds) VALUES (?, ?, ?, ?)").run(
      this.run,
      version,
      blob(parameters),
      seconds,
    );
  }

  putModel(version: number, parameters: Float32Array, seconds: number): void {
    this.attempt(() => this.insertModel(version, parameters, seconds));
  }

  putEvaluation(version: number, seconds: number, { accuracy, loss }: { accuracy: number; loss: number }): void {
    const insert = "INSERT INTO evaluations (run, version, seconds, accuracy, loss) VALUES (?, ?, ?, ?, ?)";
    this.attempt(() => this.prepared(insert).run(this.run, version, seconds, accuracy, loss));
  }
}
