// Finds the one board that somebody means by a name, a chip id (or its first digits) or a port: where it was last, else wherever it answers
// now. Changes nothing on any board.

import { basename } from "node:path";
import { FtteError } from "../errors.ts";
import { isBleAddress } from "../link/ble_address.ts";
import type { OpenPipe } from "../link/pipe.ts";
import { type PortCandidate, placeAt } from "../link/ports.ts";
import { baudRatesOf } from "./attached.ts";
import { discoverBoards, type PortReport } from "./discover.ts";
import { beginsWith, type KnownBoards } from "./names.ts";

export type FoundBoard = PortReport & { answers: true } & {
  name: string;
  /** The port where it answered last time, when that was another one. */
  wasOn?: string;
};

export interface FindOptions {
  known: KnownBoards;
  /** All places where a board may be. */
  ports: () => Promise<PortCandidate[]>;
  open?: OpenPipe;
  /** How long a port that is named has to answer, 3 s by default; others have 800 ms. */
  patienceMs?: number;
}

/**
 * @throws FtteError of the port that was named; "port-absent" when no port answers as the board, "usage" when `text` means none or several
 */
export async function findBoard(text: string, options: FindOptions): Promise<FoundBoard> {
  const ports = await options.ports();
  const named = ports.find((port) => isNamed(port, text));
  if (named || looksLikePort(text)) return atPort(named ?? placeAt(text), options);
  const id = options.known.find(text);
  const last = options.known.get(id ?? "")?.address;
  const inTheAir = last !== undefined && isBleAddress(last); // listed only by who listens for a while
  const lastPort = inTheAir ? placeAt(last) : ports.find(({ address }) => address === last);
  const there = id !== undefined && lastPort ? (await ask([lastPort], options))[0] : undefined;
  if (there?.answers && there.chipId === id) return found(there, options);
  const others = ports.filter((port) => port !== lastPort);
  const reports = (await ask(others, options)).filter((report) => report.answers);
  const matches = reports.filter((report) =>
    id === undefined ? beginsWith(report.chipId, text) : report.chipId === id,
  );
  if (matches.length > 1)
    throw new FtteError("usage", `"${text}" may be ${matches.map((m) => m.chipId).join(" or ")}; write more of it`);
  if (matches[0]) return found(matches[0], options);
  if (there && !there.answers && there.code !== "port-absent") throw refusal(there);
  throw nobody(text, id, last);
}

/** True for what can only be the address of a port. */
export const looksLikePort = (text: string): boolean => /[/\\:]|^COM\d+$|\.pty$/i.test(text);

/** Virtual boards go by the names of their lines, too. */
const isNamed = (port: PortCandidate, text: string) =>
  port.address === text || (port.kind === "virtual" && basename(port.address, ".pty") === text);

async function atPort(port: PortCandidate, options: FindOptions): Promise<FoundBoard> {
  const [report] = await ask([port], options, options.patienceMs ?? 3000);
  if (!report!.answers) throw refusal(report!);
  return found(report!, options);
}

const ask = (ports: PortCandidate[], { open }: FindOptions, timeoutMs?: number) =>
  discoverBoards(ports, {
    baudRates: (port) => baudRatesOf(port),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(open && { open }),
  });

const refusal = (report: PortReport & { answers: false }) => new FtteError(report.code, report.reason);

function found(report: PortReport & { answers: true }, { known }: FindOptions): FoundBoard {
  const wasOn = known.wasElsewhere(report.chipId, report.address);
  return { ...report, ...(wasOn !== undefined && { wasOn }), name: known.nameOf(report.chipId) };
}

function nobody(text: string, id: string | undefined, last: string | undefined): FtteError {
  if (id === undefined)
    return new FtteError(
      "usage",
      `"${text}" is no board's name, chip id or port; "ftte boards" lists those that answer`,
    );
  const was = last === undefined ? "" : `; it was last on ${last}`;
  return new FtteError(
    "port-absent",
    `${text}: no port answers as chip ${id}${was}; is it plugged in? See: ftte boards`,
  );
}
