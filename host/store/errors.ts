// What SQLite and the file system say, in our words: which file, what happened, what to do.

import { type ErrorName, FtteError } from "../errors.ts";

interface Kind {
  codes: RegExp;
  name: ErrorName;
  text: (path: string, message: string) => string;
}

/** By SQLite's (extended) result codes and the system's; the first that fits. */
const kinds: Kind[] = [
  {
    codes: /^SQLITE_(BUSY|LOCKED|PROTOCOL)/,
    name: "store-locked",
    text: (path) => `${path} is in use by another ftte process; end that one first`,
  },
  {
    codes: /^(SQLITE_FULL|ENOSPC|EDQUOT)/,
    name: "store-full",
    text: (path) =>
      `the disk of ${path} is full; make room, then "ftte run resume": nothing that was acknowledged is lost`,
  },
  {
    codes: /^SQLITE_NOMEM/,
    name: "store-full",
    text: (path) =>
      `this computer's memory is full, so ${path} cannot be used; end other programs, then "ftte run resume"`,
  },
  {
    codes: /^(SQLITE_(CANTOPEN|READONLY|IOERR|PERM|AUTH)|E(?!RR_)[A-Z])/,
    name: "file-unwritable",
    text: (path, message) => `${path} cannot be written (${message}); check that its folder exists and is yours`,
  },
  {
    codes: /^SQLITE_/,
    name: "store-corrupt",
    text: (path, message) => `${path} is damaged (${message}); restore it from a copy, or remove it to forget its runs`,
  },
];

/** The error to throw for what a store operation threw: ours and mistakes in the code as they are. */
export function storeError(cause: unknown, path: string): unknown {
  const { code, message } = cause as { code?: unknown; message: string };
  if (cause instanceof FtteError || typeof code !== "string") return cause;
  const kind = kinds.find(({ codes }) => codes.test(code));
  return kind ? new FtteError(kind.name, kind.text(path, message), { cause }) : cause;
}
