// What Linux tells in files of devices that nobody opened: sysfs and procfs, below `root` ("/" but in tests).
//
// /sys/class/bluetooth and /sys/class/rfkill: the kernel's Documentation/ABI/stable/sysfs-class-rfkill (type, soft, hard; 1 is blocked).
// /proc/<pid>/fd: proc(5).

import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { hasNetRaw } from "../../link/ble_adapter.ts";
import { mayOpen } from "../../link/permission.ts";
import type { Bluetooth, Machine } from "./machine.ts";

export function bluetooth(root = "/"): Bluetooth {
  const adapters = entries(join(root, "sys/class/bluetooth")).filter((name) => /^hci\d+$/.test(name));
  const switches = entries(join(root, "sys/class/rfkill"))
    .map((name) => join(root, "sys/class/rfkill", name))
    .filter((path) => text(join(path, "type")) === "bluetooth");
  const isBlocked = (by: "soft" | "hard") => switches.some((path) => text(join(path, by)) === "1");
  return {
    adapters,
    blocked: isBlocked("hard") ? "hard" : isBlocked("soft") ? "soft" : "no",
    mayOpen: hasNetRaw(join(root, "proc/self/status")),
  };
}

/** The program, other than this one, that has a device open: "minicom (1234)". Of others' programs only root is told. */
export function holderOf(device: string, root = "/"): string | undefined {
  const real = target(() => realpathSync(device)) ?? device;
  for (const pid of entries(join(root, "proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))) {
    const files = join(root, "proc", pid, "fd");
    if (entries(files).some((fd) => target(() => readlinkSync(join(files, fd))) === real))
      return `${text(join(root, "proc", pid, "comm")) || "a program"} (${pid})`;
  }
  return undefined;
}

/** USB vendor ids of debug probes: Arm's, which DAPLink uses, and SEGGER's. */
const probeVendors: Record<string, string> = { "0d28": "CMSIS-DAP (DAPLink)", "1366": "J-Link (SEGGER)" };

export function probes(root = "/"): Machine["probes"] {
  const folder = join(root, "sys/bus/usb/devices");
  return entries(folder).flatMap((name) => {
    const of = (file: string) => text(join(folder, name, file));
    const vendor = of("idVendor");
    const known = probeVendors[vendor];
    if (known === undefined) return [];
    const node = join(root, "dev/bus/usb", of("busnum").padStart(3, "0"), of("devnum").padStart(3, "0"));
    return [{ what: of("product") || known, vendor, access: mayOpen(node) ? "open" : "forbidden" }];
  });
}

function entries(folder: string): string[] {
  return target(() => readdirSync(folder)) ?? [];
}

const text = (path: string): string => target(() => readFileSync(path, "utf8").trim()) ?? "";

/** What is gone, or closed to us, tells nothing. */
function target<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
