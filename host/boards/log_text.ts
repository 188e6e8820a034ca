// The text of a log entry: the template of its code (firmware/spec/log.json) with its arguments filled in. Talks to no board.

import { boardError } from "../errors.ts";
import {
  BlobKind,
  type LogEntry,
  LogLevel,
  logMessages,
  ResetKind,
  ResetReason,
  ReturnReason,
  Verdict,
} from "../wire/spec.gen.ts";

export type LogLevelName = Exclude<keyof typeof LogLevel, "off">;

export interface LogLine {
  /** Stable, for programs. */
  name: string;
  level: LogLevelName;
  text: string;
}

/** In the order of enum ftte_guest_function (firmware/core/guest/guest.h). */
const guestFunctions = "abi plan-at bind check start step infer score encode-row decode-row self-test".split(" ");

const named = (numbers: Record<string, number>) => (value: number) =>
  Object.entries(numbers).find(([, number]) => number === value)?.[0] ?? String(value);

const kinds: Record<string, (value: number) => string> = {
  "": String,
  f32: (bits) => Number(new Float32Array(Uint32Array.of(bits).buffer)[0]!.toPrecision(4)).toString(),
  error: (bits) => ((bits | 0) === 0 ? "no further error" : boardError(bits | 0).text),
  hex: (value) => `0x${value.toString(16).padStart(8, "0")}`,
  reset: named(ResetReason),
  resetKind: named(ResetKind),
  blob: named(BlobKind),
  verdict: named(Verdict),
  returned: named(ReturnReason),
  guest: (value) => guestFunctions[value] ?? String(value),
};

/** Codes that this host does not know keep their number and arguments: the firmware is newer. */
export function logLine(entry: LogEntry): LogLine {
  const level = named(LogLevel)(entry.level) as LogLevelName;
  const message = logMessages[entry.code];
  if (!message)
    return { name: `code-${entry.code}`, level, text: `message ${entry.code}: ${entry.a}, ${entry.b}, ${entry.c}` };
  const text = message.text.replace(/\{([abc]):?(\w*)\}/g, (_, argument: "a" | "b" | "c", kind: string) =>
    kinds[kind]!(entry[argument]),
  );
  return { name: message.name, level, text };
}
