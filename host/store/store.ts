// Runs in one SQLite file: WAL, synchronous=FULL, one writer. An update is durable when putUpdate resolves; updates that come within a few
// milliseconds share a commit. Everything else commits in its own transaction.

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { FtteError } from "../errors.ts";
import type { Arrival, RunStore, StoredBoard, StoredTask } from "../fl/run_store.ts";
import { schema, schemaVersion } from "./schema.ts";

export interface RunRecord {
  id: number;
  name: string;
  created: string;
  config: string; // resolved, JSON
  sha256: string;
  state: "running" | "finished" | "interrupted";
  versions: number;
}

const floats = (blob: Buffer) =>
  new Float32Array(blob.buffer.slice(blob.byteOffset, blob.byteOffset + blob.byteLength));
const blob = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Says what happened to which file, and what to do. */
function translate(cause: unknown, path: string): FtteError {
  const { code = "", message } = cause as { code?: string; message: string };
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new FtteError("store-locked", `${path} is in use by another ftte process; end that one first`, { cause });
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB")
    return new FtteError(
      "store-corrupt",
      `${path} is damaged (${message}); restore it from a copy, or remove it to forget its runs`,
      { cause },
    );
  if (code === "SQLITE_FULL" || code === "ENOSPC")
    return new FtteError(
      "store-full",
      `the disk of ${path} is full; make room, then "ftte run resume": nothing that was acknowledged is lost`,
      { cause },
    );
  if (
    code.startsWith("SQLITE_CANTOPEN") ||
    code.startsWith("SQLITE_READONLY") ||
    code.startsWith("SQLITE_IOERR") ||
    ["EACCES", "ENOTDIR", "EEXIST", "EROFS", "EPERM"].includes(code)
  )
    return new FtteError(
      "file-unwritable",
      `${path} cannot be written (${message}); check that its folder exists and is yours`,
      { cause },
    );
  return cause instanceof FtteError ? cause : new FtteError("store-corrupt", `${path}: ${message}`, { cause });
}

/** All runs of a project. */
export class Store {
  private constructor(
    private readonly db: Database.Database,
    readonly path: string,
  ) {}

  /**
   * Opens or makes the file; this process is its only writer until close.
   * @throws FtteError "store-locked", "store-corrupt", "store-full" or "file-unwritable"
   */
  static open(path: string): Store {
    try {
      mkdirSync(dirname(path), { recursive: true });
      const db = new Database(path, { timeout: 500 });
      db.pragma("locking_mode = EXCLUSIVE");
      db.pragma("journal_mode = WAL");
      db.pragma("synchronous = FULL");
      const version = db.pragma("user_version", { simple: true });
      if (version === 0) db.transaction(() => db.exec(`${schema} PRAGMA user_version = ${schemaVersion};`))();
      else if (version !== schemaVersion)
        throw new FtteError(
          "store-corrupt",
          `${path} was written by another version of ftte (schema ${version}, this one has ${schemaVersion}); use that version, or another project folder`,
        );
      db.exec("BEGIN IMMEDIATE; COMMIT"); // takes the lock now, not at the first write
      return new Store(db, path);
    } catch (cause) {
      throw translate(cause, path);
    }
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw translate(cause, this.path);
    }
  }

  createRun(name: string, config: string): RunRecord {
    return this.attempt(() => {
      const sha256 = createHash("sha256").update(config).digest("hex");
      const created = new Date().toISOString();
      const { lastInsertRowid } = this.db
        .prepare("INSERT INTO runs (name, created, config, sha256, state) VALUES (?, ?, ?, ?, 'running')")
        .run(name, created, config, sha256);
      return { id: Number(lastInsertRowid), name, created, config, sha256, state: "running", versions: 0 };
    });
  }

  runs(): RunRecord[] {
    const query =
      "SELECT r.*, (SELECT max(version) FROM models m WHERE m.run = r.id) AS versions FROM runs r ORDER BY id";
    return this.attempt(() => this.db.prepare(query).all() as RunRecord[]);
  }

  /** @throws FtteError "run-unknown" */
  runRecord(id: number): RunRecord {
    const found = this.runs().find((r) => r.id === id);
    if (!found) throw new FtteError("run-unknown", `there is no run ${id} in ${this.path}; "ftte runs" lists them`);
    return found;
  }

  setState(id: number, state: RunRecord["state"]): void {
    this.attempt(() => this.db.prepare("UPDATE runs SET state = ? WHERE id = ?").run(state, id));
  }

  evaluations(id: number): { version: number; seconds: number; accuracy: number; loss: number }[] {
    const query = "SELECT version, seconds, accuracy, loss FROM evaluations WHERE run = ? ORDER BY version, seconds";
    return this.attempt(
      () => this.db.prepare(query).all(id) as { version: number; seconds: number; accuracy: number; loss: number }[],
    );
  }

  /** The durable side of one run. */
  open(run: number): RunStore & { flush(): void } {
    return new SqliteRun(this.db, run, (work) => this.attempt(work));
  }

  close(): void {
    this.db.close();
  }
}

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

class SqliteRun implements RunStore {
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
    return (this.attempt(() => this.db.prepare(query).all(this.run)) as BoardRow[]).map((r) => ({
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
    return (this.attempt(() => this.db.prepare(query).all(this.run)) as TaskRow[]).map((r) => this.task(r));
  }

  private task(r: TaskRow): StoredTask {
    const { board, task, baseVersion, frozenVersion, seed, finish, arrival } = r;
    const state = r.state === "sent" && r.bytes ? "received" : r.state;
    const out: StoredTask = { board, task, baseVersion, frozenVersion, seed, finish, full: r.full, state, arrival };
    if (r.delta) out.delta = { baseVersion: r.deltaVersion!, baseCrc: r.deltaCrc!, bytes: r.delta };
    if (r.bytes) out.update = r.bytes;
    return out;
  }

  virtualTime(): number {
    const query = "SELECT max(finish) AS latest FROM tasks WHERE run = ? AND state <> 'sent'";
    const row = this.attempt(() => this.db.prepare(query).get(this.run)) as { latest: number | null };
    return row.latest ?? 0;
  }

  model(version?: number) {
    const query = `SELECT version, parameters FROM models WHERE run = ? ${version === undefined ? "ORDER BY version DESC LIMIT 1" : "AND version = ?"}`;
    const args = version === undefined ? [this.run] : [this.run, version];
    const row = this.attempt(() => this.db.prepare(query).get(...args)) as
      | { version: number; parameters: Buffer }
      | undefined;
    return row && { version: row.version, parameters: floats(row.parameters) };
  }

  holds(board: string, task: number): boolean {
    const query =
      "SELECT 1 FROM tasks t JOIN updates u USING (run, board, task) WHERE run = ? AND board = ? AND task = ? AND t.state <> 'rejected'";
    return this.attempt(() => this.db.prepare(query).get(this.run, board, task)) !== undefined;
  }

  counts() {
    const query = "SELECT state, count(*) AS n FROM tasks WHERE run = ? GROUP BY state";
    const rows = this.attempt(() => this.db.prepare(query).all(this.run)) as { state: string; n: number }[];
    const of = (state: string) => rows.find((r) => r.state === state)?.n ?? 0;
    const { duplicates } = this.attempt(() =>
      this.db.prepare("SELECT duplicates FROM runs WHERE id = ?").get(this.run),
    ) as { duplicates: number };
    return { folded: of("folded"), rejected: of("rejected"), duplicates };
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
        const statement = this.db.prepare(insert);
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
    if (duplicates)
      this.db.prepare("UPDATE runs SET duplicates = duplicates + ? WHERE id = ?").run(duplicates, this.run);
  }

  /** From the states that it may come from, or not at all: what was folded or rejected stays so. */
  private endOrder({ board, task, state, arrival, reason }: Arrival["task"]): void {
    const durable =
      "AND EXISTS (SELECT 1 FROM updates u WHERE u.run = t.run AND u.board = t.board AND u.task = t.task)";
    const set = `UPDATE tasks AS t SET state = ?, arrival = ?, reason = ? WHERE run = ? AND board = ? AND task = ? AND state = 'sent' ${state === "arrived" ? durable : ""}`;
    if (this.db.prepare(set).run(state, arrival, reason ?? null, this.run, board, task).changes !== 1)
      throw this.contradiction(`task ${task} of ${board} would be ${state}, but it is not waiting for that`);
  }

  private fold({ version, parameters, seconds, folded }: NonNullable<Arrival["fold"]>): void {
    this.insertModel(version, parameters, seconds);
    const set = this.db.prepare(
      "UPDATE tasks SET state = 'folded', foldedIn = ? WHERE run = ? AND board = ? AND task = ? AND state = 'arrived'",
    );
    for (const { board, task } of folded)
      if (set.run(version, this.run, board, task).changes !== 1)
        throw this.contradiction(`task ${task} of ${board} would be folded, but it is not in the buffer`);
  }

  private contradiction(what: string): FtteError {
    return new FtteError("store-corrupt", `run ${this.run}: ${what}; restore the run store from a copy`);
  }

  private insertOrders(orders: Arrival["orders"]): void {
    const { db, run } = this;
    const held = db.prepare(
      "INSERT INTO boards (run, id, tasks, version, held) VALUES (?, ?, ?, ?, ?) ON CONFLICT (run, id) DO UPDATE SET tasks = excluded.tasks, version = excluded.version, held = excluded.held",
    );
    const insert = db.prepare(
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
    this.db
      .prepare("INSERT INTO models (run, version, parameters, seconds) VALUES (?, ?, ?, ?)")
      .run(this.run, version, blob(parameters), seconds);
  }

  putModel(version: number, parameters: Float32Array, seconds: number): void {
    this.attempt(() => this.insertModel(version, parameters, seconds));
  }

  putEvaluation(version: number, seconds: number, { accuracy, loss }: { accuracy: number; loss: number }): void {
    const insert = "INSERT INTO evaluations (run, version, seconds, accuracy, loss) VALUES (?, ?, ?, ?, ?)";
    this.attempt(() => this.db.prepare(insert).run(this.run, version, seconds, accuracy, loss));
  }
}
