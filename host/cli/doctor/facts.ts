// Looks at this machine for diagnose.ts. Opens no port, probe or adapter, starts only compilers, and changes nothing.

import { mkdtempSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { basics, chipPorts, foundAt, ofPort } from "../../build/prerequisites.mjs";
import { thisMachine } from "../../link/ble_adapter.ts";
import { mayOpen, serialFacts } from "../../link/permission.ts";
import { listPorts } from "../../link/ports.ts";
import { needsNode } from "../version.ts";
import { bluetooth, holderOf, probes } from "./linux.ts";
import type { Disk, Machine, SerialDevice } from "./machine.ts";

/** @param projectFolder where `ftte train` would keep its runs */
export async function gatherFacts(projectFolder: string): Promise<Machine> {
  return {
    platform: process.platform,
    node: { version: process.versions.node, needed: needsNode },
    modules: nativeModules.map(loaded),
    tools: [...basics(), ...chipPorts().flatMap(ofPort)].map((tool) => ({ tool, place: foundAt(tool) })),
    serial: await serialDevices(),
    probes: process.platform === "linux" ? probes() : [],
    bluetooth: process.platform === "linux" ? { ...bluetooth(), hciUart: thisMachine().hciUart } : undefined,
    clock: { nowMs: Date.now(), newestMs: statSync(fileURLToPath(import.meta.url)).mtimeMs },
    disks: [disk("the project", projectFolder), disk("temporary files", tmpdir())],
  };
}

const nativeModules = [
  { name: "better-sqlite3", why: "runs are stored with it" },
  { name: "@serialport/bindings-cpp", why: "boards, virtual ones too, are talked to through it" },
  { name: "esbuild", why: "configs are read with it" },
];

const require = createRequire(import.meta.url);

function loaded(module: { name: string; why: string }): Machine["modules"][number] {
  try {
    const { name } = module;
    const loaded = require(name);
    if (name === "better-sqlite3") new loaded(":memory:").close();
    if (name === "esbuild") loaded.transformSync(""); // a program of its own
    return module;
  } catch (error) {
    return { ...module, error: (error as Error).message };
  }
}

async function serialDevices(): Promise<SerialDevice[]> {
  return (await listPorts()).map(({ address }) => {
    const { group, vendor } = serialFacts(address);
    const holder = process.platform === "linux" ? holderOf(address) : undefined;
    return { address, access: mayOpen(address) ? "open" : "forbidden", group, vendor, holder };
  });
}

function disk(what: Disk["what"], path: string): Disk {
  const { bavail, bsize } = statfsSync(path);
  return { what, path, freeBytes: bavail * bsize, writable: isWritable(path) };
}

/** Tried, not asked: file systems that are read-only say so only then. */
function isWritable(folder: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(folder, ".ftte-doctor-")));
    return true;
  } catch {
    return false;
  }
}
