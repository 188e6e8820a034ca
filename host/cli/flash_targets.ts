// Which boards `ftte flash` is about, and where each is flashed and linked: named by config and port, or boards that answer, by name or chip
// id. Asks ports who is there; changes nothing.

import { baudRatesOf, configsOf } from "../boards/attached.ts";
import { type BoardConfig, boardIds, isLocal } from "../boards/config.ts";
import { discoverBoards } from "../boards/discover.ts";
import { type FoundBoard, findBoard } from "../boards/find.ts";
import { KnownBoards } from "../boards/names.ts";
import { FtteError } from "../errors.ts";
import { type MethodName, methodNames } from "../flash/methods.ts";
import { linkAt, type Place, placeAt, placesOf } from "../flash/places.ts";
import type { PortCandidate } from "../link/ports.ts";
import { buildableBoard } from "./board_firmware.ts";
import { everyPort } from "./every_port.ts";

export interface FlashTarget {
  /** For messages, unique among the targets. */
  name: string;
  board: BoardConfig;
  /** Undefined for boards that are processes of this machine. */
  place?: Place;
  /** Where the new firmware will say hello, when it is known. */
  link?: string;
  chipId?: string;
}

export interface TargetOptions {
  /** Names, chip ids or beginnings of them, or ports. */
  boards: readonly string[];
  all?: boolean;
  board?: string;
  method?: string;
  config?: string;
  port?: readonly string[];
  link?: readonly string[];
}

/**
 * @throws FtteError "usage" when the options do not say which; "port-absent" or "board-silent" when such a board is not
 * there; "flash-method" when it is flashed from elsewhere
 */
export async function flashTargets(options: TargetOptions): Promise<FlashTarget[]> {
  const asked = options.boards.length > 0 || (options.all && options.board === undefined);
  if (asked) return answering(options);
  if (options.board !== undefined) return configured(buildableBoard(options.board), options);
  throw new FtteError(
    "usage",
    `say which: a board's config with --board (${boardIds().join(", ")}), a name or chip id that "ftte boards" lists, or --all`,
  );
}

async function configured(board: BoardConfig, options: TargetOptions): Promise<FlashTarget[]> {
  if (isLocal(board)) return [{ name: board.id, board }];
  const places =
    options.port?.map((address) => placeAt(board, address)) ?? (await placesOf(board, wished(board, options)));
  if (places.length === 0) throw new FtteError("port-absent", nowhere(board));
  if (places.length > 1 && !options.port && !options.all) throw new FtteError("usage", ambiguous(board, places));
  return Promise.all(
    places.map(async (found, i) => {
      const place = options.method === undefined ? found : { ...found, method: wished(board, options)[0]! };
      const link = options.link?.[i] ?? (await linkAt(board, place));
      const name = places.length === 1 ? board.id : `${board.id} at ${place.address}`;
      return { name, board, place, ...(link !== undefined && { link }) };
    }),
  );
}

/** The methods that come into question. @throws FtteError "usage" for one that the board's config does not name */
function wished(board: BoardConfig, { method }: TargetOptions): MethodName[] {
  const known = methodNames(board);
  const chosen = known.filter((name) => method === undefined || name === method);
  if (chosen.length > 0) return chosen;
  throw new FtteError("usage", `${board.id} is not flashed by "${method}"; its config names ${known.join(", ")}`);
}

function nowhere(board: BoardConfig): string {
  const devices = board.usb.map(({ vendor, product, note }) => `${vendor}:${product}, ${note}`).join("; ");
  return `${board.id}: neither a port with its USB device (${devices}) nor its bootloader's drive is here; plug the board in (${board.flashing.note}), or name the place with --port`;
}

function ambiguous(board: BoardConfig, places: Place[]): string {
  const list = places.map(({ address }) => address).join(", ");
  return `${board.id}: ${places.length} places could be such a board: ${list}; name with --port which to flash, or flash all with --all`;
}

async function answering(options: TargetOptions): Promise<FlashTarget[]> {
  const found = options.all ? await everyBoard(options) : await namedBoards(options);
  return found.map((report) => {
    const { name, chipId, address } = report;
    const board = configOf(report, options.board);
    if (isLocal(board)) return { name, board, chipId };
    return { name, board, chipId, place: flashedBy(name, board, address), link: address };
  });
}

const portsOf = async (
  { port, config }: Pick<TargetOptions, "port" | "config">,
  known: KnownBoards,
): Promise<PortCandidate[]> =>
  port?.map((address) => ({ address, kind: "serial" })) ?? everyPort(config ?? "ftte.config.ts", known);

/** Boards that answer, each once; one after the other: each asks the ports. @throws FtteError as findBoard does */
export async function namedBoards(options: Pick<TargetOptions, "boards" | "port" | "config">): Promise<FoundBoard[]> {
  const known = KnownBoards.read();
  const found = new Map<string, FoundBoard>();
  for (const text of options.boards) {
    const board = await findBoard(text, { known, ports: () => portsOf(options, known) });
    found.set(board.chipId, board);
  }
  return [...found.values()];
}

async function everyBoard(options: TargetOptions): Promise<FoundBoard[]> {
  const known = KnownBoards.read();
  const reports = await discoverBoards(await portsOf(options, known), { baudRates: (port) => baudRatesOf(port) });
  const found = reports.flatMap((report) => (report.answers ? [{ ...report, name: known.nameOf(report.chipId) }] : []));
  if (found.length > 0) return found;
  throw new FtteError("board-silent", "no board answers; name new ones by config and port: --board <id> --port <path>");
}

/**
 * Boards tell their class, which several configs may share.
 * @param id of the one that is meant
 * @throws FtteError "usage" when it takes an id to know
 */
export function configOf(board: FoundBoard, id: string | undefined): BoardConfig {
  if (id !== undefined) return buildableBoard(id);
  const configs = configsOf(board.boardClass, board);
  if (configs.length === 1) return configs[0]!;
  const which = configs.length ? `configs ${configs.map((config) => config.id).join(" and ")}` : "no config";
  throw new FtteError(
    "usage",
    `${board.name}: ${which} of board-configs/ is of its class, ${board.boardClass}; say which with --board`,
  );
}

/** @throws FtteError "flash-method" for boards that are flashed by something else than their link's port */
function flashedBy(name: string, board: BoardConfig, link: string): Place {
  if (board.flashing.method === "esptool") return { method: "esptool", address: link };
  throw new FtteError(
    "flash-method",
    `${name}: a ${board.id} is not flashed by its link's port, ${link}; name its bootloader's port, drive or probe: --board ${board.id} --port <path> --link ${link}`,
  );
}
