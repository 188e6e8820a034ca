// `ftte boards`: who answers, on which port, by chip id and name; and of the others, why not. `ftte boards name`: how boards are called.

import { baudRatesOf } from "../../boards/attached.ts";
import { discoverBoards, type PortReport } from "../../boards/discover.ts";
import { findBoard, looksLikePort } from "../../boards/find.ts";
import { KnownBoards } from "../../boards/names.ts";
import { exitStatus, FtteError } from "../../errors.ts";
import { isPty, type PortCandidate, placeAt } from "../../link/ports.ts";
import { everyPort } from "../every_port.ts";
import { say, sayJson } from "../output.ts";
import { absentBoards, boardsJson, boardsText } from "../view/boards.ts";

export interface BoardsOptions {
  config: string;
  port?: string[];
  /** Seconds to listen, or true for the usual time. */
  ble?: number | true;
  json?: boolean;
}

/** Exit status 3 when ports were named and one of them does not answer. */
export async function boards(options: BoardsOptions): Promise<void> {
  const named = options.port?.map(placeAt);
  const known = KnownBoards.read();
  const ports = named ?? [
    ...(await everyPort(options.config, known)),
    ...(options.ble ? await inTheAir(options.ble) : []),
  ];
  const asked = await discoverBoards(ports, { stats: true, baudRates: (port) => baudRatesOf(port) });
  const reports = asked.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const absent = named ? [] : absentBoards(reports, known);
  if (options.json) sayJson({ type: "result", boards: boardsJson(reports, known, absent) });
  else if (reports.length + absent.length === 0)
    say(
      false,
      "no serial ports and no virtual boards here; plug a board in, or start virtual ones: ftte train --virtual 2",
    );
  else say(false, boardsText(reports, known, absent));
  remember(reports, known);
  if (named && reports.some((report) => !report.answers)) process.exitCode = exitStatus.board;
}

const usualSeconds = 5;

/** Boards that are heard over BLE. Loaded only then: the radio is much code. */
async function inTheAir(listen: number | true): Promise<PortCandidate[]> {
  const { listenForBoards } = await import("../../link/ble_scan.ts");
  const seconds = listen === true ? usualSeconds : listen;
  if (process.stderr.isTTY) process.stderr.write(`listening for boards over BLE for ${seconds} s …\n`);
  return listenForBoards(seconds * 1000);
}

const key = (report: PortReport) => (report.answers ? report.chipId : `~${report.address}`);

/** Boards that are processes are mostly as short-lived as their run: only those with a name are remembered. */
function remember(reports: PortReport[], known: KnownBoards): void {
  const answered = reports.filter((report): report is PortReport & { answers: true } => report.answers);
  const isKept = ({ chipId, address }: { chipId: string; address: string }) =>
    known.get(chipId)?.name !== undefined || !isPty(address);
  try {
    known.sawAt(answered.filter(isKept));
  } catch (error) {
    if (!(error instanceof FtteError)) throw error;
    process.stderr.write(`ftte: ${error.message}; ports will not be remembered\n`); // the list is told all the same
  }
}

export interface NameOptions {
  config: string;
  remove?: boolean;
  json?: boolean;
}

/** @throws FtteError "usage" for a board that is unknown or a name that cannot be */
export async function nameBoard(board: string, name: string | undefined, options: NameOptions): Promise<void> {
  if ((name === undefined) === (options.remove !== true))
    throw new FtteError("usage", "give a name, or --remove to take it away; ftte boards name 1a2b3c4d wrist-07");
  const known = KnownBoards.read();
  const { chipId: id, address } = await namedBoard(board, known, options.config);
  const before = known.get(id)?.name;
  known.setName(id, name);
  if (address !== undefined) known.sawAt([{ chipId: id, address }]);
  if (options.json) sayJson({ type: "result", chipId: id, name: name ?? null, before: before ?? null });
  else say(false, name === undefined ? `${id} has no name any more` : `${id} is ${name} from now on`);
}

/** A whole chip id needs no board to be there: names can be given beforehand. */
async function namedBoard(
  board: string,
  known: KnownBoards,
  config: string,
): Promise<{ chipId: string; address?: string }> {
  const id = looksLikePort(board) ? undefined : known.find(board);
  if (id !== undefined) return { chipId: id };
  if (/^([0-9a-f]{2}){6,16}$/i.test(board)) return { chipId: board.toLowerCase() };
  return findBoard(board, { known, ports: () => everyPort(config, known) });
}
