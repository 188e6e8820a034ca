// Where a command's words go: with --json, NDJSON on standard output and text for people on standard error; else text on standard output,
// redrawn in place when it is a terminal.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import type { RunEvent } from "../fl/events.ts";
import { liveView } from "./view/live.ts";
import { plainView } from "./view/plain.ts";

export interface RunOutput {
  on(event: RunEvent): void;
  /** Ends the view. Text and the result come after it. */
  close(): void;
}

/** Text for people. */
export function say(json: boolean | undefined, text: string): void {
  (json ? process.stderr : process.stdout).write(`${text}\n`);
}

/** One line of NDJSON on standard output. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** @throws FtteError "file-unwritable" */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new FtteError("file-unwritable", `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** Writes `<folder>/<name>.svg`, its name made of letters, digits and dashes; returns the path. @throws FtteError "file-unwritable" */
export function writePicture(folder: string, name: string, svg: string): string {
  const path = join(folder, `${name.replace(/\W+/g, "-")}.svg`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, svg);
  } catch (cause) {
    throw new FtteError("file-unwritable", `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return path;
}

/** The view of a running run. */
export function runOutput(json: boolean | undefined): RunOutput {
  const people = json ? process.stderr : process.stdout;
  const view = people.isTTY ? liveView(people) : plainView((line) => people.write(`${line}\n`));
  return {
    on(event) {
      if (json) sayJson(event);
      view.on(event);
    },
    close: () => view.close(),
  };
}

/** Aborts at the first Ctrl-C or SIGTERM; the second one ends the process at once. Call the result to stop listening. */
export function interruptible(): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    process.stderr.write("\nending cleanly; once more to end at once\n");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const stop = () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  return { signal: controller.signal, stop };
}
