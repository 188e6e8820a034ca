// What a simulated run has computed so far, so that one that was killed need not compute it again: its boards' updates and its measurements.
// A run is a function of them, so whoever starts it anew with what the journal holds comes to the same end. Written without waiting for
// the disk: what is written survives the death of this process, though perhaps not that of the machine, whose file is then begun anew.

import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { storeError } from "./errors.ts";

/** What a board's task came to. */
export interface KnownUpdate {
  bytes: Uint8Array;
  /** Empty where it is no longer of use: the board has gone on from a later one. */
  residual?: Float32Array;
}

export interface Measured {
  accuracy: number;
  loss: number;
}

const tables = `
CREATE TABLE run (key TEXT NOT NULL);
CREATE TABLE updates (board INTEGER NOT NULL, task INTEGER NOT NULL, carries INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (board, task));
CREATE TABLE residuals (board INTEGER NOT NULL, task INTEGER NOT NULL, residual BLOB NOT NULL, PRIMARY KEY (board, task));
CREATE TABLE measurements (version INTEGER PRIMARY KEY, accuracy REAL NOT NULL, loss REAL);`;

const floats = (blob: Buffer) => new Float32Array(Uint8Array.from(blob).buffer);
const blob = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

export class Journal {
  private readonly statements;

  private constructor(
    private readonly db: Database.Database,
    private readonly path: string,
  ) {
    this.statements = {
      update: db.prepare(
        "SELECT u.bytes, u.carries, r.residual FROM updates u LEFT JOIN residuals r USING (board, task) WHERE board = ? AND task = ?",
      ),
      putUpdate: db.prepare("INSERT INTO updates (board, task, carries, bytes) VALUES (?, ?, ?, ?)"),
      putResidual: db.prepare("INSERT INTO residuals (board, task, residual) VALUES (?, ?, ?)"),
      forget: db.prepare("DELETE FROM residuals WHERE board = ? AND task < ? AND task <> ?"),
      measured: db.prepare("SELECT accuracy, loss FROM measurements WHERE version = ?"),
      putMeasured: db.prepare("INSERT INTO measurements (version, accuracy, loss) VALUES (?, ?, ?)"),
    };
  }

  /**
   * Opens or makes the file; this process is its only user until close.
   * @param key of the run: what another one, or a damaged file, holds is thrown away
   * @throws FtteError "store-locked", "store-full" or "file-unwritable"
   */
  static open(path: string, key: string): Journal {
    try {
      mkdirSync(dirname(path), { recursive: true });
      const known = opened(path, key);
      if (known) return new Journal(known, path);
      Journal.remove(path);
      return new Journal(opened(path, key)!, path);
    } catch (cause) {
      throw storeError(cause, path);
    }
  }

  /** Removes the file, if it is there, and what SQLite keeps beside it. */
  static remove(path: string): void {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw storeError(cause, this.path);
    }
  }

  update(board: number, task: number): KnownUpdate | undefined {
    type Row = { bytes: Buffer; carries: number; residual: Buffer | null };
    const row = this.attempt(() => this.statements.update.get(board, task)) as Row | undefined;
    if (!row?.carries) return row && { bytes: row.bytes };
    return { bytes: row.bytes, residual: row.residual ? floats(row.residual) : new Float32Array() };
  }

  /** @param from the task of whose residual this one began, 0 for none: the board may yet begin there again */
  putUpdate(board: number, task: number, { bytes, residual }: KnownUpdate, from: number): void {
    const { putUpdate, putResidual, forget } = this.statements;
    const put = () => {
      putUpdate.run(board, task, residual ? 1 : 0, bytes);
      if (!residual) return;
      putResidual.run(board, task, blob(residual));
      forget.run(board, task, from);
    };
    this.attempt(() => this.db.transaction(put)());
  }

  measured(version: number): Measured | undefined {
    type Row = { accuracy: number; loss: number | null }; // SQLite has no NaN
    const row = this.attempt(() => this.statements.measured.get(version)) as Row | undefined;
    return row && { accuracy: row.accuracy, loss: row.loss ?? Number.NaN };
  }

  putMeasured(version: number, { accuracy, loss }: Measured): void {
    this.attempt(() => this.statements.putMeasured.run(version, accuracy, loss));
  }

  close(): void {
    this.db.close();
  }
}

/** The file, if it is new or holds the run of this key. */
function opened(path: string, key: string): Database.Database | undefined {
  const db = new Database(path, { timeout: 500 });
  try {
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = OFF");
    db.exec("BEGIN IMMEDIATE");
    const isNew = db.prepare("SELECT count(*) AS n FROM sqlite_master").pluck().get() === 0;
    if (isNew) db.exec(tables);
    if (isNew) db.prepare("INSERT INTO run (key) VALUES (?)").run(key);
    db.exec("COMMIT");
    if (db.prepare("SELECT key FROM run").pluck().get() === key) return db;
  } catch (cause) {
    db.close();
    if (/^SQLITE_(NOTADB|CORRUPT|ERROR)/.test(String((cause as { code?: unknown }).code))) return undefined;
    throw cause;
  }
  db.close();
  return undefined;
}
