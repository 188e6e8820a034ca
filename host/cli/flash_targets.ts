// Which boards `ftte flash` is about, and where each is flashed and linked: named by config and port, or boards that answer, by chip id. Asks
// ports who is there; changes nothing.

import { type BoardConfig, boardIds, loadBoardConfig } from "../boards/config.ts";
import { discoverBoards } from "../boards/discover.ts";
import { FtteError } from "../errors.ts";
import { type MethodName, methodNames } from "../flash/methods.ts";
import { linkAt, type Place, placeAt, placesOf } from "../flash/places.ts";
import { isLocal } from "../flash/trial.ts";
import { listPorts, type PortCandidate } from "../link/ports.ts";
import { buildableBoard } from "./board_firmware.ts";

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
  /** Beginnings of chip ids. */
  boards: readonly string[];
  all?: boolean;
  board?: string;
  method?: string;
  port?: readonly string[];
  link?: readonly string[];
}

/** @throws FtteError "usage" when the options do not say which; "port-absent" or "board-silent" when such a board is not there */
export async function flashTargets(options: TargetOptions): Promise<FlashTarget[]> {
  const asked = options.boards.length > 0 || (options.all && options.board === undefined);
  if (asked) return answering(options);
  if (options.board !== undefined) return configured(buildableBoard(options.board), options);
  throw new FtteError(
    "usage",
    `say which: a board's config with --board (${boardIds().join(", ")}), a chip id that "ftte boards" lists, or --all`,
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
  const ports = options.port?.map((address): PortCandidate => ({ address, kind: "serial" })) ?? (await listPorts());
  const reports = await discoverBoards(ports, { timeoutMs: 1500 });
  const found = reports.flatMap((report) => (report.answers ? [report] : []));
  const chosen = options.all
    ? found
    : options.boards.map((begin) => {
        const matching = found.filter(({ chipId }) => chipId.startsWith(begin.toLowerCase()));
        if (matching.length === 1) return matching[0]!;
        throw new FtteError(
          "board-silent",
          unmatched(
            begin,
            matching.map(({ chipId }) => chipId),
          ),
        );
      });
  if (chosen.length === 0)
    throw new FtteError(
      "board-silent",
      "no board answers; name new ones by config and port: --board <id> --port <path>",
    );
  return chosen.map(({ chipId, address, boardClass }) => {
    const board = configOf(chipId, boardClass, options.board);
    if (isLocal(board)) return { name: chipId, board, chipId };
    return { name: chipId, board, chipId, place: flashedBy(chipId, board, address), link: address };
  });
}

const unmatched = (begin: string, matching: string[]) =>
  matching.length > 1
    ? `${begin}: begins ${matching.length} chip ids (${matching.join(", ")}); write more digits`
    : `${begin}: no board whose chip id begins so answers; see: ftte boards. A new board is named by config and port: --board <id> --port <path>`;

/** Boards tell their class, which several configs may share. */
function configOf(chipId: string, boardClass: string, named: string | undefined): BoardConfig {
  if (named !== undefined) return buildableBoard(named);
  const configs = boardIds()
    .map((id) => loadBoardConfig(id))
    .filter((board) => board.class === boardClass);
  if (configs.length === 1) return configs[0]!;
  const which = configs.length ? `configs ${configs.map(({ id }) => id).join(" and ")}` : "no config";
  throw new FtteError(
    "usage",
    `${chipId}: ${which} of board-configs/ is of its class, ${boardClass}; say which with --board`,
  );
}

/** @throws FtteError "flash-method" for boards that are flashed by something else than their link's port */
function flashedBy(chipId: string, board: BoardConfig, link: string): Place {
  if (board.flashing.method === "esptool") return { method: "esptool", address: link };
  throw new FtteError(
    "flash-method",
    `${chipId}: a ${board.id} is not flashed by its link's port, ${link}; name its bootloader's port, drive or probe: --board ${board.id} --port <path> --link ${link}`,
  );
}
