// Lists the places where a board may be: serial devices, and the registry of virtual boards (a folder of symbolic links to ptys); those in the
// air are ble_scan.ts's.
// Opens none of them and tells none apart by order; who is behind a port is discover.ts's question.

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SerialPort } from "serialport";
import { bleAddress, bleId, isBleAddress } from "./ble_address.ts";

export interface PortCandidate {
  address: string;
  kind: "serial" | "virtual" | "ble";
  /** Four hexadecimal digits each, lower case; USB devices only. */
  usb?: { vendor: string; product: string; serial?: string };
  /** Over BLE, when it was heard: how strongly, in dBm, and what it calls itself. */
  signal?: number;
  advertised?: string;
}

/** The place with this address. @throws FtteError "usage" for ble: and no address */
export const placeAt = (address: string): PortCandidate =>
  isBleAddress(address) ? { address: bleAddress(bleId(address)), kind: "ble" } : { address, kind: "serial" };

export interface PortFolders {
  /** Where virtual boards leave their links, `<name>.pty`. */
  virtualBoards?: string;
  /** Defaults to /sys/class/tty; used when udevadm is missing. */
  sysfs?: string;
}

/** Every candidate, virtual boards first, each group sorted by address. Unplugged boards leave no entry. */
export async function listPorts(folders: PortFolders = {}): Promise<PortCandidate[]> {
  const virtual = folders.virtualBoards === undefined ? [] : listVirtual(folders.virtualBoards);
  const serial = folders.sysfs === undefined ? await listSerial() : listSysfs(folders.sysfs);
  return [...virtual, ...serial.sort((a, b) => (a.address < b.address ? -1 : 1))];
}

async function listSerial(): Promise<PortCandidate[]> {
  try {
    const ports = await SerialPort.list();
    return ports.filter((port) => port.vendorId !== undefined || isReal(basename(port.path))).map(fromList);
  } catch {
    return listSysfs("/sys/class/tty"); // no udevadm on this machine
  }
}

function fromList(port: Awaited<ReturnType<typeof SerialPort.list>>[number]): PortCandidate {
  if (port.vendorId === undefined || port.productId === undefined) return { address: port.path, kind: "serial" };
  const usb = { vendor: port.vendorId.toLowerCase(), product: port.productId.toLowerCase() };
  return {
    address: port.path,
    kind: "serial",
    usb: port.serialNumber === undefined ? usb : { ...usb, serial: port.serialNumber },
  };
}

/** The kernel lists 32 ttyS that are not there; their type is 0. */
function isReal(name: string, sysfs = "/sys/class/tty"): boolean {
  const type = readText(join(sysfs, name, "type"));
  return type === undefined ? name.startsWith("ttyUSB") || name.startsWith("ttyACM") : type !== "0";
}

function listSysfs(sysfs: string): PortCandidate[] {
  return entries(sysfs)
    .filter((name) => realPath(join(sysfs, name, "device")) !== undefined && isReal(name, sysfs))
    .map((name) => {
      const usb = usbOf(realPath(join(sysfs, name, "device"))!);
      const port: PortCandidate = { address: `/dev/${name}`, kind: "serial" };
      return usb ? { ...port, usb } : port;
    });
}

/** True for the line of a process of this machine: a virtual or emulated board's. */
export const isPty = (address: string): boolean => (realPath(address) ?? address).startsWith("/dev/pts/");

/** The USB device that a serial device sits on, as Linux tells it; undefined when it is on none, or on other systems. */
export function usbOfTty(address: string, sysfs = "/sys/class/tty"): PortCandidate["usb"] | undefined {
  const device = realPath(join(sysfs, basename(realPath(address) ?? address), "device"));
  return device === undefined ? undefined : usbOf(device);
}

/** The nearest folder above a tty's device that is a USB device. */
function usbOf(device: string): PortCandidate["usb"] | undefined {
  for (let folder = device; dirname(folder) !== folder; folder = dirname(folder)) {
    const vendor = readText(join(folder, "idVendor"));
    const product = readText(join(folder, "idProduct"));
    if (vendor === undefined || product === undefined) continue;
    const serial = readText(join(folder, "serial"));
    return serial === undefined ? { vendor, product } : { vendor, product, serial };
  }
  return undefined;
}

function listVirtual(folder: string): PortCandidate[] {
  return entries(folder)
    .filter((name) => name.endsWith(".pty"))
    .sort()
    .map((name) => ({ address: join(folder, name), kind: "virtual" as const }));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no such folder: nothing there
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
