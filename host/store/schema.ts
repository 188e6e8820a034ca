// The tables of a project's runs. (run, board, task) is unique wherever it occurs: a repeated update is stored, and folded, once.

export const schemaVersion = 3;

export const schema = `
CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL, config TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, duplicates INTEGER NOT NULL DEFAULT 0);
CREATE TABLE boards (run INTEGER NOT NULL, id TEXT NOT NULL, tasks INTEGER NOT NULL, version INTEGER NOT NULL, held BLOB NOT NULL, PRIMARY KEY (run, id)) WITHOUT ROWID;
CREATE TABLE tasks (run INTEGER NOT NULL, board TEXT NOT NULL, task INTEGER NOT NULL, baseVersion INTEGER NOT NULL, frozenVersion INTEGER NOT NULL,
  seed INTEGER NOT NULL, finish REAL NOT NULL, full BLOB NOT NULL, delta BLOB, deltaVersion INTEGER, deltaCrc INTEGER,
  state TEXT NOT NULL, arrival INTEGER NOT NULL, foldedIn INTEGER, reason TEXT, PRIMARY KEY (run, board, task));
CREATE TABLE updates (run INTEGER NOT NULL, board TEXT NOT NULL, task INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (run, board, task));
CREATE TABLE models (run INTEGER NOT NULL, version INTEGER NOT NULL, parameters BLOB NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (run, version));
CREATE TABLE evaluations (run INTEGER NOT NULL, version INTEGER NOT NULL, seconds REAL NOT NULL, accuracy REAL NOT NULL, loss REAL NOT NULL);
`;
