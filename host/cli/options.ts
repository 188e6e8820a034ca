// Options, arguments and numbers that several commands take, and the end of their help. Names no command.

import { Option } from "commander";
import { FtteError } from "../errors.ts";

export const json = () =>
  new Option("--json", "machine-readable output on standard output, human text on standard error");
export const allowExport = () =>
  new Option("--allow-export", "firmware that gives its samples out: for your own recordings, never for a fleet");
export const config = () => new Option("-c, --config <file>", "the project's config").default("ftte.config.ts");
/** For the end of a command's help. */
export const example = (text: string) =>
  `\nExample:\n  ${text}\n\nExit status: 0 done, 1 failure, 2 usage or config, 3 board, 4 store, 5 build, 130 interrupted.`;
export const runId = ["[run]", "a run's id; the newest when left out"] as const;

/** A number from 0 on. @throws FtteError "usage" */
export const number = (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new FtteError("usage", `"${text}" is not a number of at least 0`);
  return value;
};

/** A whole number from 1 on. @throws FtteError "usage" */
export const countOf = (what: string) => (text: string) => {
  const value = number(text);
  if (!Number.isInteger(value) || value === 0) throw new FtteError("usage", `"${text}" is no number of ${what}`);
  return value;
};
