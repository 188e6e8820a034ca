// The proof that flashing worked: the new firmware's own hello, over the link that it will be used by. Bytes in flash are the methods'
// proof; this is that they run. Changes nothing on the board.

import type { BoardConfig } from "../boards/config.ts";
import { boardClassText, chipIdText } from "../boards/identity.ts";
import { BoardSession } from "../boards/session.ts";
import { FtteError } from "../errors.ts";
import { openPipe } from "../link/open.ts";
import type { OpenPipe } from "../link/pipe.ts";
import type { Hello } from "../wire/spec.gen.ts";
import { flashFailure } from "./failure.ts";

export interface Expected {
  /** For messages. */
  name: string;
  board: BoardConfig;
  /** Of the firmware that was built. */
  build: number;
  /** In hexadecimal, when it is known. */
  chipId?: string | undefined;
}

export interface HelloOptions {
  open?: OpenPipe;
  /** 15 s by default: a USB port may have to come back first, and flash to be laid out. */
  patienceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

const triesMs = 200;
const answerMs = 1500;
/** How long the firmware before may still answer: until the reset takes effect. */
const graceMs = 2000;

/**
 * Asks at `address` until the firmware that was built answers.
 * @throws FtteError "flash-failed" that says who answered instead, or why nobody did; "board-wrong" for another chip; "interrupted"
 */
export async function firstHello(address: string, expected: Expected, options: HelloOptions = {}): Promise<Hello> {
  const patienceMs = options.patienceMs ?? 15_000;
  const startMs = performance.now();
  for (;;) {
    const answer = await ask(address, expected.board, options).catch(unanswered);
    if (options.signal?.aborted) throw givenUp(address, expected);
    const isNew = !(answer instanceof FtteError) && difference(answer, expected) === undefined;
    if (isNew) return requireChip(answer, expected);
    const waitedMs = performance.now() - startMs;
    if (waitedMs > (answer instanceof FtteError ? patienceMs : graceMs))
      throw failed(address, expected, answer, patienceMs);
    await new Promise((resolve) => setTimeout(resolve, triesMs));
  }
}

async function ask(address: string, board: BoardConfig, options: HelloOptions): Promise<Hello> {
  const baudRate = board.link.baud;
  const pipe = await (options.open ?? openPipe)(address, { baudRate });
  try {
    const session = new BoardSession(pipe, { name: address, patienceMs: answerMs, baudRate });
    return await session.hello(options.signal ? { signal: options.signal } : {});
  } finally {
    await pipe.close();
  }
}

/** Ports come and go while boards start. */
function unanswered(error: unknown): FtteError {
  if (error instanceof FtteError) return error;
  throw error;
}

function difference(hello: Hello, { board, build }: Expected): string | undefined {
  const boardClass = boardClassText(hello);
  if (boardClass !== board.class) return `a board of class ${boardClass}`;
  return hello.firmwareBuild === build ? undefined : `firmware of another build, ${hello.firmwareBuild}`;
}

function requireChip(hello: Hello, { name, chipId }: Expected): Hello {
  const answered = chipIdText(hello.chipId);
  if (chipId === undefined || answered === chipId) return hello;
  throw new FtteError(
    "board-wrong",
    `${name}: the firmware just flashed answers from chip ${answered}, not ${chipId}; is another board at that port?`,
  );
}

const holdsNew = "holds the new firmware";

function givenUp(address: string, expected: Expected): FtteError {
  const next = `see whether it runs: ftte boards --port ${address}`;
  return flashFailure(expected, { code: "interrupted", what: "interrupted before its hello", state: holdsNew, next });
}

function failed(address: string, expected: Expected, answer: Hello | FtteError, patienceMs: number): FtteError {
  const isSilent = answer instanceof FtteError;
  const what = isSilent
    ? `it has not said hello within ${patienceMs / 1000} s (${answer.message})`
    : `${address} is answered by ${difference(answer, expected)}, not ${expected.build}`;
  const next = `press its reset button, then: ftte boards --port ${address}`;
  return flashFailure(expected, { what, state: holdsNew, next, ...(isSilent && { cause: answer }) });
}
