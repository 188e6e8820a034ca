// What board-configs/ know of a port or of a board that answered: baud rates to try, chip, kind of link. Asks no board.

import { isPty, type PortCandidate } from "../link/ports.ts";
import { type BoardConfig, boardIds, loadBoardConfig } from "./config.ts";

let loaded: readonly BoardConfig[] | undefined;

/** Every config, read once. */
export function boardConfigs(): readonly BoardConfig[] {
  loaded ??= boardIds().map((id) => loadBoardConfig(id));
  return loaded;
}

const isOnUsb = (config: BoardConfig, usb: PortCandidate["usb"]) =>
  config.usb.some(({ vendor, product }) => vendor === usb?.vendor && product === usb.product);

/** The baud rates at which a board on this port may talk, the likely ones first; no board tells its rate before it is asked. */
export function baudRatesOf(port: PortCandidate, configs = boardConfigs()): number[] {
  if (port.kind !== "serial") return [];
  const real = configs.filter(({ link }) => link.kind !== "pty");
  const likely = real.filter((config) => isOnUsb(config, port.usb));
  const likelyFirst = [...likely, ...real.filter(({ port }) => port !== "posix")];
  return [...new Set(likelyFirst.map(({ link }) => link.baud))];
}

/** The configs of a class that a board said; those whose USB ids are the port's, where that tells them apart. */
export function configsOf(boardClass: string, port: PortCandidate, configs = boardConfigs()): BoardConfig[] {
  const ofClass = configs.filter((config) => config.class === boardClass);
  const ofPort = ofClass.filter((config) => isOnUsb(config, port.usb));
  return ofPort.length > 0 ? ofPort : ofClass;
}

/** "pty", "ble", "usb 10c4:ea60" or "uart". */
export function linkText(port: PortCandidate): string {
  if (port.kind === "ble") return "ble";
  if (port.kind === "virtual" || isPty(port.address)) return "pty";
  return port.usb ? `usb ${port.usb.vendor}:${port.usb.product}` : "uart";
}
