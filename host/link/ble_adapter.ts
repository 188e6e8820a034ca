// This machine's Bluetooth adapter: which one, whether this user may speak to it, and if not, what to do. Talks to none: that is
// ble_radio.ts.
//
// FTTE_HCI_UART=/dev/ttyACM0 or /dev/ttyACM0@115200 names a controller on a serial line that speaks HCI (H4; Bluetooth Core 5.4, volume 4,
// part A) instead of the machine's own. Linux asks for CAP_NET_RAW of whoever sends commands and data on a raw HCI socket (net/bluetooth/
// hci_sock.c, hci_sock_sendmsg).

import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import type { AdapterState } from "@stoprocent/noble";
import { FtteError } from "../errors.ts";
import { permissionRemedy, serialFacts } from "./permission.ts";

/** What is looked at; tests name other places. */
export interface Machine {
  platform: NodeJS.Platform;
  /** A folder with an entry for each adapter that Linux knows. */
  adapters: string;
  /** This process's capabilities, as Linux tells them. */
  status: string;
  hciUart: string | undefined;
}

export const thisMachine = (): Machine => ({
  platform: process.platform,
  adapters: "/sys/class/bluetooth",
  status: "/proc/self/status",
  hciUart: process.env.FTTE_HCI_UART || undefined,
});

export interface HciUart {
  port: string;
  baudRate: number;
}

const defaultBaudRate = 1_000_000;

/** @throws FtteError "usage" */
export function parseHciUart(text: string): HciUart {
  const [, port, baud] = /^([^@]+)(?:@(\d+))?$/.exec(text) ?? [];
  if (port === undefined)
    throw new FtteError("usage", `FTTE_HCI_UART is "${text}"; write a serial port, or port@baud: /dev/ttyACM0@1000000`);
  return { port, baudRate: baud === undefined ? defaultBaudRate : Number(baud) };
}

/**
 * Looks for what would keep an adapter from answering, where that shows before it is asked.
 * @throws FtteError "radio-absent", or "port-forbidden" with the line that gives the right
 */
export function checkAdapter(machine: Machine): void {
  if (machine.hciUart !== undefined) return checkUart(parseHciUart(machine.hciUart).port);
  if (machine.platform !== "linux") return;
  if (!entries(machine.adapters).some((name) => name.startsWith("hci")))
    throw new FtteError("radio-absent", `this machine has no Bluetooth adapter; ${plugIn}`);
  if (!hasNetRaw(machine.status)) throw new FtteError("port-forbidden", forbiddenOnLinux);
}

/** Why an adapter that was asked does not work. */
export function adapterError(state: AdapterState, machine: Machine): FtteError {
  const { platform, hciUart } = machine;
  const remedy = platform in remedies ? remedies[platform as keyof typeof remedies] : remedies.linux;
  if (state === "unauthorized") return new FtteError("port-forbidden", remedy.unauthorized);
  if (hciUart !== undefined)
    return new FtteError(
      "radio-absent",
      `${parseHciUart(hciUart).port}: no HCI controller answers there; does the device speak HCI (H4), and at this baud rate? (FTTE_HCI_UART)`,
    );
  if (state === "poweredOff") return new FtteError("radio-off", `the Bluetooth adapter is off; ${remedy.off}`);
  if (state === "unsupported")
    return new FtteError("radio-absent", `this machine's Bluetooth adapter cannot do Low Energy; ${plugIn}`);
  return new FtteError("radio-absent", `the Bluetooth adapter does not answer (${state}); ${remedy.off}`);
}

/** The package came without a native module for this machine. */
export const moduleMissing = (cause: unknown) =>
  new FtteError(
    "radio-absent",
    `BLE needs a native module that is not there for this machine; try: npm rebuild @stoprocent/bluetooth-hci-socket @stoprocent/noble`,
    { cause },
  );

/** What to do where there is no adapter. */
export const plugIn =
  "plug one in (Bluetooth 4.0 or later), or name one on a serial line: FTTE_HCI_UART=/dev/ttyACM0 (docs/ble.md)";
/** Gives Node the right to raw HCI sockets; to be typed again after each update of Node. */
export const netRawCommand = 'sudo setcap cap_net_raw+eip $(readlink -f "$(command -v node)")';
const forbiddenOnLinux = `this user may not speak to the Bluetooth adapter; give Node the right once, and again after each update of Node:
  ${netRawCommand}`;

const remedies = {
  linux: { off: "switch it on: rfkill unblock bluetooth && bluetoothctl power on", unauthorized: forbiddenOnLinux },
  darwin: {
    off: "switch Bluetooth on in System Settings",
    unauthorized:
      "macOS does not let this program use Bluetooth; allow your terminal in System Settings > Privacy & Security > Bluetooth, and start it anew",
  },
  win32: {
    off: "switch Bluetooth on in Settings > Bluetooth & devices (Windows 10 version 1703 or later)",
    unauthorized: "Windows does not let this program use Bluetooth; allow it in Settings > Privacy & security > Radios",
  },
};

function checkUart(port: string): void {
  try {
    accessSync(port, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES")
      throw new FtteError(
        "port-forbidden",
        `${port} (FTTE_HCI_UART): this user may not open the port; ${permissionRemedy(serialFacts(port))}`,
        { cause: error },
      );
    const what = `${port} (FTTE_HCI_UART): there is no such device; is the controller plugged in?`;
    throw new FtteError("radio-absent", what, { cause: error });
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no such folder: the kernel knows no Bluetooth
  }
}

const capNetRaw = 13; // linux/capability.h

/** True also when the system does not tell: then the adapter will. */
export function hasNetRaw(statusFile: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(statusOf(statusFile))?.[1];
  return effective === undefined || ((BigInt(`0x${effective}`) >> BigInt(capNetRaw)) & 1n) === 1n;
}

function statusOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // no procfs
  }
}
