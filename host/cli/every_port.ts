// Every place where a board of this user may be: the machine's serial ports, the lines of the project's virtual boards, and where boards
// were seen before.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { KnownBoards } from "../boards/names.ts";
import { listPorts, type PortCandidate } from "../link/ports.ts";
import { runFolder } from "./project_store.ts";

/** @param config the project's config file; its folder need not hold one */
export async function everyPort(config: string, known: KnownBoards): Promise<PortCandidate[]> {
  const listed = [...(await virtualPorts(dirname(resolve(config)))), ...(await listPorts())];
  const isListed = (address: string) => listed.some((port) => port.address === address);
  const before = known
    .all()
    .flatMap(([, { address }]) => (address !== undefined && existsSync(address) ? [address] : []));
  const further = [...new Set(before)].filter((address) => !isListed(address));
  return [...listed, ...further.map((address): PortCandidate => ({ address, kind: "serial" }))];
}

/** Virtual boards of every run of the project that leave their lines there. */
async function virtualPorts(projectFolder: string): Promise<PortCandidate[]> {
  const runs = entries(join(projectFolder, ".ftte")).flatMap((name) => /^run-(\d+)$/.exec(name)?.[1] ?? []);
  const lists = runs.map((run) =>
    listPorts({ virtualBoards: join(runFolder(projectFolder, Number(run)), "boards"), sysfs: "/nonexistent" }),
  );
  return (await Promise.all(lists)).flat();
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
