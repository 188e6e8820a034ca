// `ftte boards`: who answers, on which port, by chip id; and of the others, why not.

import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { discoverBoards, type PortReport } from "../../boards/discover.ts";
import { exitStatus } from "../../errors.ts";
import { listPorts, type PortCandidate } from "../../link/ports.ts";
import { say, sayJson } from "../output.ts";
import { runFolder } from "../project_store.ts";
import { table } from "../view/text.ts";

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

const row = (report: PortReport): string[] =>
  report.answers
    ? [report.chipId, report.address, report.boardClass, report.firmware, report.state]
    : ["–", report.address, "–", "–", `${report.code}: ${report.reason}`];

/** One object per port, without the raw hello. */
const json = (report: PortReport) => {
  const { hello: _hello, ...rest } = { hello: undefined, ...report };
  return rest;
};

/** Exit status 3 when ports were named and one of them does not answer. */
export async function boards(options: { config: string; port?: string[]; json?: boolean }): Promise<void> {
  const named = options.port?.map((address): PortCandidate => ({ address, kind: "serial" }));
  const ports = named ?? [...(await virtualPorts(dirname(resolve(options.config)))), ...(await listPorts())];
  const reports = (await discoverBoards(ports)).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  if (options.json) sayJson({ type: "result", boards: reports.map(json) });
  else if (reports.length === 0)
    say(
      false,
      "no serial ports and no virtual boards here; plug a board in, or start virtual ones: ftte train --virtual 2",
    );
  else say(false, table(["chip id", "port", "class", "firmware", "state"], reports.map(row)));
  if (named && reports.some((report) => !report.answers)) process.exitCode = exitStatus.board;
}

const key = (report: PortReport) => (report.answers ? report.chipId : `~${report.address}`);
