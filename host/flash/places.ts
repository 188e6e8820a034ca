// Where boards are flashed: by which of the methods that their config names, at which serial port, drive or probe. Opens none of them.

import { statSync } from "node:fs";
import type { BoardConfig } from "../boards/config.ts";
import { listPorts, type PortCandidate } from "../link/ports.ts";
import { type MethodName, methodNames } from "./methods.ts";
import { isDriveOf, listUf2Drives } from "./uf2_drives.ts";

export interface Place {
  method: MethodName;
  /** What the method takes; of a probe its serial number, empty for the only one there is. */
  address: string;
}

type Kind = "port" | "drive" | "probe";
const kinds: Partial<Record<MethodName, Kind>> = {
  esptool: "port",
  "adafruit-dfu": "port",
  "nordic-dfu": "port",
  uf2: "drive",
  jlink: "probe",
  "cmsis-dap": "probe",
};

/** The first of the board's methods that takes what is at `address`; its usual one when none does, whose error then says why. */
export function placeAt(board: BoardConfig, address: string): Place {
  const kind = kindOf(address);
  const method = methodNames(board).find((name) => kinds[name] === kind) ?? board.flashing.method;
  return { method, address };
}

function kindOf(address: string): Kind {
  const isFolder = statSync(address, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) return "drive";
  return /^(\/|COM\d)/.test(address) ? "port" : "probe";
}

/** Every place where such a board seems to be, by the first of its methods that has any; probes cannot be told apart and count as one. */
export async function placesOf(board: BoardConfig, methods = methodNames(board)): Promise<Place[]> {
  for (const method of methods) {
    const addresses = await addressesFor(board, kinds[method]);
    if (addresses.length > 0) return addresses.map((address) => ({ method, address }));
  }
  return [];
}

async function addressesFor(board: BoardConfig, kind: Kind | undefined): Promise<string[]> {
  if (kind === "port") return (await ownPorts(board)).map(({ address }) => address);
  if (kind === "drive") return listUf2Drives().flatMap((drive) => (isDriveOf(drive, board) ? [drive.folder] : []));
  return kind === "probe" ? [""] : [];
}

/** Ports of the USB devices that the board's config names. */
async function ownPorts(board: BoardConfig): Promise<PortCandidate[]> {
  const isOwn = ({ usb }: PortCandidate) =>
    board.usb.some((u) => u.vendor === usb?.vendor && u.product === usb.product);
  return (await listPorts()).filter(isOwn);
}

/** The port where the firmware will speak, if the board's config and the place tell: the flashed port itself, or the probe's. */
export async function linkAt(board: BoardConfig, { method, address }: Place): Promise<string | undefined> {
  if (board.link.kind !== "usb-uart") return undefined;
  if (kinds[method] === "port") return address;
  const ports = await ownPorts(board);
  const ofProbe = ports.filter(({ usb }) => address === "" || withoutZeros(usb?.serial) === withoutZeros(address));
  return ofProbe.length === 1 ? ofProbe[0]!.address : undefined;
}

/** J-Links write their serial numbers with zeros in front on USB, and without on their label. */
const withoutZeros = (serial: string | undefined) => serial?.replace(/^0+/, "");
