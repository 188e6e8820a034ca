// What helps a user who may not open a device: the words for this system, of facts that are gathered apart. Opens and changes nothing.
//
// Groups and modes: udev(7); TAG+="uaccess" gives the user who sits at the machine access (systemd, 70-uaccess.rules). macOS asks before
// a new accessory may talk (Apple support, HT213443); Windows gives a serial port to one program at a time.

import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { usbOfTty } from "./ports.ts";

export interface DeviceFacts {
  platform: NodeJS.Platform;
  subsystem: "tty" | "usb";
  /** Group that owns the device, by name; undefined when it is root's, or unknown. */
  group?: string | undefined;
  /** Four hexadecimal digits; undefined when the device is not on USB, or nothing tells. */
  vendor?: string | undefined;
}

export const rulesFile = "/etc/udev/rules.d/60-ftte.rules";

/** The udev rule for one vendor's devices; without a vendor, for all devices of the subsystem that are on USB. */
export function udevRule(subsystem: DeviceFacts["subsystem"], vendor?: string): string {
  const match = `${subsystem === "tty" ? "ATTRS" : "ATTR"}{idVendor}=="${vendor ?? "?*"}"`;
  return `SUBSYSTEM=="${subsystem}", ${match}, MODE="0660", TAG+="uaccess"`;
}

/** Lines to type that write the rule and put it to use. */
export function ruleCommand(subsystem: DeviceFacts["subsystem"], vendor?: string): string {
  const rule = udevRule(subsystem, vendor);
  return `echo '${rule}' | sudo tee -a ${rulesFile} && sudo udevadm control --reload && sudo udevadm trigger`;
}

/** What to do, beginning with a verb; may have several lines. */
export function permissionRemedy(facts: DeviceFacts): string {
  if (facts.platform === "darwin")
    return "allow the accessory (System Settings, Privacy & Security, Allow accessories to connect) and plug it in again; use the port's /dev/cu. name";
  if (facts.platform === "win32")
    return "close the program that has the port open, or install the board's driver (the Device Manager marks it)";
  const rule = `add a udev rule for it:\n  ${ruleCommand(facts.subsystem, facts.vendor)}`;
  if (facts.group === undefined) return rule;
  return `join the group that owns it and log in again:\n  sudo usermod -aG ${facts.group} $USER\nor ${rule}`;
}

/** What this system tells of a serial device. */
export function serialFacts(address: string): DeviceFacts {
  return {
    platform: process.platform,
    subsystem: "tty",
    group: groupOf(address),
    vendor: usbOfTty(address)?.vendor,
  };
}

/** False when the system would refuse this user a device, by its owner and mode; a device that is not there refuses nobody. */
export function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    return !["EACCES", "EPERM", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

function groupOf(path: string): string | undefined {
  try {
    const { gid } = statSync(path);
    return gid === 0 ? undefined : groupName(gid, readFileSync("/etc/group", "utf8"));
  } catch {
    return undefined; // a folder above it is closed to us, or there is no such file on this system
  }
}

/** @param groups the text of /etc/group: name:password:gid:members (group(5)) */
export function groupName(gid: number, groups: string): string | undefined {
  return groups
    .split("\n")
    .map((line) => line.split(":"))
    .find((fields) => fields[2] === String(gid))?.[0];
}
