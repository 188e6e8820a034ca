// Work on several boards at once, for `ftte flash` and `ftte update`: a board that fails is told of, and the others go on.

import { exitStatus } from "../errors.ts";
import { interruptible, say, sayJson } from "./output.ts";
import { type FlashOutput, flashOutput } from "./view/flashing.ts";

/** What became of one board; with --json it is told as it is. */
type Outcome = { ok: true } | { ok: false; message: string };

/** Exit status 3 when one of the boards failed, 130 when the user interrupted them. @param work rejects with our own mistakes only */
export async function onSeveralBoards<T>(
  targets: readonly T[],
  json: boolean | undefined,
  work: (target: T, output: FlashOutput, signal: AbortSignal) => Promise<Outcome>,
): Promise<void> {
  const { signal, stop } = interruptible();
  const output = flashOutput(json ? process.stderr : process.stdout, json ? sayJson : undefined);
  const outcomes = await Promise.all(targets.map((target) => work(target, output, signal)));
  output.close();
  stop();
  for (const outcome of outcomes) if (!outcome.ok) say(true, `ftte: ${outcome.message}`);
  if (json) sayJson({ type: "result", boards: outcomes });
  if (outcomes.some(({ ok }) => !ok)) process.exitCode = signal.aborted ? exitStatus.interrupted : exitStatus.board;
}
