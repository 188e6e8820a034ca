// Recordings as CSV: one row per moment, named columns, a label, perhaps a user. Each stretch of rows of one label and one user is cut into
// windows, the first with its first row, the others every `hop` rows, as a board does it (windows.ts); what is left at its end is left out. Mistakes are reported with file and line. No quoting: cells hold no commas.

import { readFileSync } from "node:fs";
import { FtteError } from "../errors.ts";
import type { Dataset } from "./types.ts";
import { toI16, windowStarts } from "./windows.ts";

export interface CsvOptions {
  path: string;
  columns: string[];
  label: string;
  user?: string; // numbers up to 65535 are kept; names are numbered in the order of their first row
  window: number; // rows
  hop: number; // rows
  /** "f32": as the file says (default); "i16": in a sensor's counts, `counts` of them in one of the file's units. */
  type?: "f32" | "i16" | undefined;
  /** For "i16": 1 by default; one for each column, or one for all. */
  counts?: number | number[] | undefined;
}

/** One line. */
export interface CsvRow {
  values: number[]; // one of each column, in counts for "i16"
  label: string;
  user: string; // "" without a column of users
}

function fail(path: string, line: number, text: string): never {
  throw new FtteError("data-invalid", `${path}, line ${line}: ${text}`);
}

/** Position of each named column in the header line. */
function header(options: CsvOptions, cells: string[]): { columns: number[]; label: number; user: number } {
  const position = (name: string) => {
    const at = cells.indexOf(name);
    if (at < 0) fail(options.path, 1, `there is no column "${name}"; the file has ${cells.join(", ")}`);
    if (cells.lastIndexOf(name) !== at) fail(options.path, 1, `there are two columns "${name}"`);
    return at;
  };
  return {
    columns: options.columns.map(position),
    label: position(options.label),
    user: options.user === undefined ? -1 : position(options.user),
  };
}

function rowsOf(options: CsvOptions, text: string): CsvRow[] {
  const { path } = options;
  const lines = text
    .replace(/^\ufeff/, "")
    .trimEnd()
    .split(/\r?\n/); // spreadsheets write a byte order mark
  const cellsOf = (line: string) => line.split(",").map((cell) => cell.trim());
  if (lines[0] === "") return fail(path, 1, "the file is empty; its first line has to name the columns");
  const names = cellsOf(lines[0]!);
  const at = header(options, names);
  const scaled = options.type === "i16" ? inCounts(options) : (values: number[]) => values;
  return lines.slice(1).map((text, i) => {
    const line = i + 2;
    const cells = cellsOf(text);
    if (cells.length !== names.length) fail(path, line, `has ${cells.length} cells instead of ${names.length}`);
    const values = at.columns.map((column) => {
      const value = Number(cells[column]);
      if (cells[column] === "" || !Number.isFinite(Math.fround(value)))
        fail(path, line, `"${cells[column]}" in column "${names[column]}" is not a number`);
      return value;
    });
    const user = at.user < 0 ? "" : cells[at.user]!;
    if (cells[at.label] === "") fail(path, line, `has no label in column "${options.label}"`);
    if (at.user >= 0 && user === "") fail(path, line, `has no user in column "${options.user}"`);
    if (Number(user) > 0xffff) fail(path, line, `user ${user} is more than ${0xffff}; use smaller numbers, or names`);
    return { values: scaled(values), label: cells[at.label]!, user };
  });
}

/** Rows in a row of one label and one user. */
function stretchesOf(rows: CsvRow[]): { first: number; end: number }[] {
  const borders = rows.flatMap((row, i) => {
    const before = rows[i - 1];
    return before && before.label === row.label && before.user === row.user ? [] : [i];
  });
  return borders.map((first, i) => ({ first, end: borders[i + 1] ?? rows.length }));
}

/** The rows as they stand in the file. @throws FtteError "file-unreadable" or "data-invalid" */
export function csvRows(options: CsvOptions): CsvRow[] {
  let text: string;
  try {
    text = readFileSync(options.path, "utf8");
  } catch (cause) {
    throw new FtteError(
      "file-unreadable",
      `${options.path} cannot be read (${(cause as Error).message}); check data.path in the config`,
      { cause },
    );
  }
  return rowsOf(options, text);
}

/** Its windows. @throws FtteError "file-unreadable" or "data-invalid" */
export function csv(options: CsvOptions): Dataset {
  const rows = csvRows(options);
  const starts = stretchesOf(rows).flatMap(({ first, end }) => windowStarts(first, end, options));
  if (starts.length === 0)
    throw new FtteError(
      "data-invalid",
      `${options.path} gives no window: no ${options.window} rows in a row share a label and a user`,
    );
  return assemble(options, rows, starts);
}

function inCounts({ counts = 1 }: CsvOptions): (values: number[]) => number[] {
  return (values) => values.map((value, i) => toI16(value * (typeof counts === "number" ? counts : counts[i]!)));
}

function assemble(options: CsvOptions, rows: CsvRow[], starts: number[]): Dataset {
  const channels = options.columns.length;
  const classes = [...new Set(rows.map((r) => r.label))].sort();
  const users = [...new Set(rows.map((r) => r.user))];
  const numeric = users.every((u) => /^\d+$/.test(u));
  const size = options.window * channels;
  const { type = "f32" } = options;
  const elements = new (type === "i16" ? Int16Array : Float32Array)(starts.length * size);
  starts.forEach((start, k) => {
    for (let t = 0; t < options.window; t++) elements.set(rows[start + t]!.values, k * size + t * channels);
  });
  return {
    name: options.path,
    shape: [options.window, channels],
    type,
    count: starts.length,
    elements,
    labels: Uint16Array.from(starts, (s) => classes.indexOf(rows[s]!.label)),
    users: Uint16Array.from(starts, (s) => (numeric ? Number(rows[s]!.user) : users.indexOf(rows[s]!.user))),
    classes,
  };
}
