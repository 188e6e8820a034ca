// Judges a machine: what works, what is missing, why it matters, and the line that mends it. Pure; facts.ts gathers what is judged.

import { aptLine } from "../../build/prerequisites.mjs";
import { netRawCommand, plugIn } from "../../link/ble_adapter.ts";
import { permissionRemedy } from "../../link/permission.ts";
import type { Bluetooth, Disk, Machine, SerialDevice } from "./machine.ts";

export interface Finding {
  /** What was looked at. */
  name: string;
  /** "failed": virtual boards cannot run. "limited": something else cannot be done. */
  state: "ok" | "limited" | "failed";
  found: string;
  /** What cannot be done without it; given unless all is well. */
  why?: string;
  /** What to type or do. */
  mend?: string;
}

/** All findings, in the order in which they are worth reading. */
export const diagnose = (machine: Machine): Finding[] => [
  nodeFinding(machine.node),
  ...machine.modules.map(moduleFinding),
  ...machine.tools.map(toolFinding),
  ...machine.disks.map(diskFinding),
  clockFinding(machine.clock),
  ...serialFindings(machine),
  ...machine.probes.map((probe) => probeFinding(machine.platform, probe)),
  bluetoothFinding(machine.bluetooth),
];

/** True when virtual boards can run. */
export const isReady = (findings: Finding[]): boolean => findings.every(({ state }) => state !== "failed");

const ok = (name: string, found: string): Finding => ({ name, state: "ok", found });

function nodeFinding({ version, needed }: Machine["node"]): Finding {
  const found = version;
  if (isAtLeast(version, needed)) return ok("Node.js", found);
  const mend = "npx -y node@24 dist/ftte.js … (npm brings it), or see nodejs.org";
  return { name: "Node.js", state: "failed", found, why: `ftte needs ${needed} or later`, mend };
}

/** Compares dotted numbers; what is not written counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [i, wanted] of least.split(".").map(Number).entries()) {
    const has = parts[i] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}

function moduleFinding({ name, why, error }: Machine["modules"][number]): Finding {
  if (error === undefined) return ok(`npm package ${name}`, "loads");
  const found = `does not load: ${error.split("\n")[0]}`;
  return {
    name: `npm package ${name}`,
    state: "failed",
    found,
    why,
    mend: "npm rebuild (needs a C++ compiler and Python 3)",
  };
}

function toolFinding({ tool, place }: Machine["tools"][number]): Finding {
  if (place !== undefined) return ok(tool.what, place);
  const found = `${tool.commands.join(" or ")} missing or not whole`;
  return {
    name: tool.what,
    state: tool.main ? "failed" : "limited",
    found,
    why: tool.why,
    mend: aptLine(tool.packages),
  };
}

/** A small fleet's flash, samples, updates and compiled firmware. */
const leastBytes = 100e6;

function diskFinding({ what, path, freeBytes, writable }: Disk): Finding {
  const name = `disk for ${what}`;
  const found = `${path}: ${(freeBytes / 1e9).toFixed(1)} GB free`;
  const why = what === "the project" ? "runs and virtual boards' flash lie there" : "configs are compiled there";
  if (!writable)
    return {
      name,
      state: "failed",
      found: `${path}: may not be written to`,
      why,
      mend: `work in a folder of yours, or: sudo chown $USER ${path}`,
    };
  if (freeBytes >= leastBytes) return ok(name, found);
  return { name, state: "failed", found, why, mend: `make room: at least ${leastBytes / 1e6} MB` };
}

const yearMs = 365.25 * 24 * 3600e3;

function clockFinding({ nowMs, newestMs }: Machine["clock"]): Finding {
  const found = new Date(nowMs).toISOString();
  const early = nowMs < newestMs - 24 * 3600e3; // a day: time zones of file systems
  if (!early && nowMs < newestMs + 20 * yearMs) return ok("clock", found);
  const why = `this ftte was built on ${new Date(newestMs).toISOString().slice(0, 10)}: runs would be dated wrongly, and npm refuses certificates`;
  return { name: "clock", state: "limited", found, why, mend: "sudo timedatectl set-ntp true" };
}

const serialName = "serial ports";

function serialFindings({ platform, serial }: Machine): Finding[] {
  if (serial.length > 0) return serial.map((device) => serialFinding(platform, device));
  const why = "no board is attached, or none that this system sees";
  const mend = "plug a board in with a cable that has data lines; virtual boards need none: ftte train --virtual 8";
  return [{ name: serialName, state: "limited", found: "none", why, mend }];
}

function serialFinding(platform: NodeJS.Platform, { address, access, group, vendor, holder }: SerialDevice): Finding {
  const name = `serial port ${address}`;
  const why = "boards behind it cannot be used";
  if (access === "forbidden") {
    const mend = permissionRemedy({ platform, subsystem: "tty", group, vendor });
    return { name, state: "limited", found: "this user may not open it", why, mend };
  }
  if (holder === undefined) return ok(name, "may be opened");
  return { name, state: "limited", found: `${holder} has it open`, why, mend: "close that program" };
}

function probeFinding(platform: NodeJS.Platform, { what, vendor, access, group }: Machine["probes"][number]): Finding {
  const name = `debug probe ${what}`;
  if (access === "open") return ok(name, "may be opened");
  const mend = permissionRemedy({ platform, subsystem: "usb", group, vendor });
  return {
    name,
    state: "limited",
    found: "this user may not open it",
    why: "boards cannot be flashed through it",
    mend,
  };
}

function bluetoothFinding(bluetooth: Bluetooth | undefined): Finding {
  const limited = (found: string, mend: string): Finding => ({
    name: "Bluetooth",
    state: "limited",
    found,
    why: "boards cannot be reached by BLE; serial links do not need it",
    mend,
  });
  if (!bluetooth) return ok("Bluetooth", "this system asks for permission when an adapter is used");
  const { adapters, blocked, mayOpen, hciUart } = bluetooth;
  if (hciUart !== undefined) return ok("Bluetooth", `the controller on ${hciUart} (FTTE_HCI_UART)`);
  if (adapters.length === 0) return limited("no adapter", plugIn);
  if (blocked === "hard")
    return limited("switched off by a key or the firmware", "switch it on at the machine; rfkill list shows it");
  if (blocked === "soft") return limited("switched off", "rfkill unblock bluetooth");
  if (mayOpen) return ok("Bluetooth", adapters.join(", "));
  return limited(`${adapters.join(", ")}: this user may not open raw HCI sockets`, netRawCommand);
}
