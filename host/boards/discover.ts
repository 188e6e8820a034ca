// Finds boards by asking every port who is there: by handshake and chip id, never by order. Changes nothing on any board.

import { FtteError } from "../errors.ts";
import { openPipe } from "../link/open.ts";
import type { OpenPipe, Pipe } from "../link/pipe.ts";
import type { PortCandidate } from "../link/ports.ts";
import type { Hello, Stats } from "../wire/spec.gen.ts";
import { boardClassText, chipIdText, firmwareText, stateText } from "./identity.ts";
import { BoardSession } from "./session.ts";

export type PortReport = PortCandidate &
  (
    | {
        answers: true;
        chipId: string;
        boardClass: string;
        firmware: string;
        state: string;
        /** At which it answered; undefined: the usual one. */
        baudRate?: number;
        hello: Hello;
        /** When they were asked for. */
        stats?: Stats;
      }
    | { answers: false; code: FtteError["code"]; reason: string }
  );

export interface DiscoverOptions {
  open?: OpenPipe;
  /** How long each port has to answer, 800 by default, 3000 over BLE. */
  timeoutMs?: number;
  /** Tried in their order until a board answers; of a pty or BLE the rate means nothing, and one is enough. */
  baudRates?: readonly number[] | ((port: PortCandidate) => readonly number[]);
  /** Also asks for the boards' statistics. */
  stats?: boolean;
}

/** One report per port, in the order of `ports`; all are asked at once. Never rejects because of a port. */
export async function discoverBoards(
  ports: readonly PortCandidate[],
  options: DiscoverOptions = {},
): Promise<PortReport[]> {
  return Promise.all(ports.map((port) => probe(port, options)));
}

async function probe(port: PortCandidate, options: DiscoverOptions): Promise<PortReport> {
  const rates = typeof options.baudRates === "function" ? options.baudRates(port) : (options.baudRates ?? []);
  let report = await ask(port, rates[0], options);
  for (const rate of rates.slice(1)) {
    if (report.answers || !mayAnswerOtherwise.includes(report.code)) break;
    const other = await ask(port, rate, options);
    if (other.answers) report = other;
  }
  return report;
}

/** What a board at another baud rate looks like. */
const mayAnswerOtherwise: FtteError["code"][] = ["board-silent", "board-wrong"];

async function ask(port: PortCandidate, baudRate: number | undefined, options: DiscoverOptions): Promise<PortReport> {
  const timeoutMs = options.timeoutMs ?? (port.kind === "ble" ? 3000 : 800);
  const rate = baudRate === undefined ? {} : { baudRate };
  let pipe: Pipe | undefined;
  try {
    pipe = await (options.open ?? openPipe)(port.address, rate);
    const session = new BoardSession(pipe, { name: port.address, patienceMs: timeoutMs, baudRate });
    const hello = await session.hello();
    const stats = options.stats ? { stats: await session.stats() } : {};
    return { ...port, ...rate, answers: true, ...identityOf(hello), hello, ...stats };
  } catch (error) {
    if (!(error instanceof FtteError)) throw error;
    return { ...port, answers: false, code: error.code, reason: error.message };
  } finally {
    await pipe?.close();
  }
}

const identityOf = (hello: Hello) => ({
  chipId: chipIdText(hello.chipId),
  boardClass: boardClassText(hello),
  firmware: firmwareText(hello.firmwareVersion),
  state: stateText(hello.state),
});
