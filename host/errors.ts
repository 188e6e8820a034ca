// The one error class of the host. Library code throws it; only cli/main turns it into text and an exit status.

import hostErrors from "./errors.json" with { type: "json" };
import { type BoardErrorName, boardErrors } from "./wire/spec.gen.ts";

/** Errors that only the host can meet (host/errors.json); those of boards come from firmware/spec/errors.json. */
export type HostErrorName = keyof typeof hostErrors;

export type ErrorName = HostErrorName | BoardErrorName;

/** Exit statuses of the CLI, by kind of error; documented in docs/cli.md. */
export const exitStatus = { failure: 1, usage: 2, board: 3, store: 4, build: 5, interrupted: 130 } as const;

/** What the list says of the host's errors; what a board reports is a failure that fits no other status. */
export function exitStatusOf(code: ErrorName): number {
  return code in hostErrors ? exitStatus[hostErrors[code as HostErrorName].status as ExitKind] : exitStatus.failure;
}

type ExitKind = keyof typeof exitStatus;

export class FtteError extends Error {
  /**
   * @param code stable name, for programs
   * @param message what happened, to which board or file, and what to do
   */
  constructor(
    readonly code: ErrorName,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "FtteError";
  }
}

/** The name and text of a board's negative code; unknown codes keep their number. */
export function boardError(code: number): { name: BoardErrorName | undefined; text: string } {
  for (const [name, error] of Object.entries(boardErrors))
    if (error.code === code) return { name: name as BoardErrorName, text: error.text };
  return { name: undefined, text: `board error ${code}` };
}
