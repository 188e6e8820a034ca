// Runs in one SQLite file: WAL, synchronous=FULL, one writer. What a single run holds is in run.ts.

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { FtteError } from "../errors.ts";
import { storeError } from "./errors.ts";
import { SqliteRun } from "./run.ts";
import { schema, schemaVersion } from "./schema.ts";

export interface RunRecord {
  id: number;
  name: string;
  created: string;
  config: string; // resolved, JSON
  sha256: string;
  state: "running" | "finished" | "interrupted";
  versions: number; // server steps so far
}

/** Settings, schema, and the lock now instead of at the first write. */
function prepare(db: Database.Database, path: string): void {
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
  db.exec("BEGIN IMMEDIATE; COMMIT");
}

/** All runs of a project. */
export class Store {
  private readonly opened: SqliteRun[] = [];

  private constructor(
    private readonly db: Database.Database,
    readonly path: string,
  ) {}

  /**
   * Opens or makes the file; this process is its only writer until close.
   * @throws FtteError "store-locked", "store-corrupt", "store-full" or "file-unwritable"
   */
  static open(path: string): Store {
    let db: Database.Database | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true });
      db = new Database(path, { timeout: 500 });
      prepare(db, path);
      return new Store(db, path);
    } catch (cause) {
      db?.close();
      throw storeError(cause, path);
    }
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw storeError(cause, this.path);
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
      "SELECT id, name, created, config, sha256, state, (SELECT ifnull(max(version), 0) FROM models m WHERE m.run = r.id) AS versions FROM runs r ORDER BY id";
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

  /** The durable side of one run, until close. */
  open(run: number): SqliteRun {
    const opened = new SqliteRun(this.db, run, (work) => this.attempt(work));
    this.opened.push(opened);
    return opened;
  }

  /** Commits what waits to be committed, and gives the file free. */
  close(): void {
    for (const run of this.opened) run.flush();
    this.db.close();
  }
}
