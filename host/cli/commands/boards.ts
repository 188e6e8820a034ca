// `ftte boards`: who answers, on which port, by chip id, and what its watch says; and of the others, why not.

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

/** What an autoencoder's board says of its newest samples; undefined for other boards, and before the first score. */
function watchOf(report: PortReport) {
  if (!report.answers || !report.stats || report.stats.anomalyMean === 0) return undefined;
  const { anomalyLast: score, anomalyMean: mean, anomalyThreshold: threshold, anomalies: unusual } = report.stats;
  return { score, mean, threshold: threshold || null, unusual }; // no threshold yet: it still learns its baseline
}

function watchCells(report: PortReport): string[] {
  const watch = watchOf(report);
  if (!watch) return ["–", "–", "–"];
  return [watch.score.toPrecision(3), watch.threshold?.toPrecision(3) ?? "learning", String(watch.unusual)];
}

function text(reports: PortReport[]): string {
  const watched = reports.some(watchOf);
  const rows = reports.map((report) => [
    ...(report.answers
      ? [report.chipId, report.address, report.boardClass, report.firmware, report.state]
      : ["–", report.address, "–", "–", `${report.code}: ${report.reason}`]),
    ...(watched ? watchCells(report) : []),
  ]);
  const header = ["chip id", "port", "class", "firmware", "state"];
  return table([...header, ...(watched ? ["last score", "threshold", "unusual"] : [])], rows);
}

/** One object per port, without the raw structs. */
const json = (report: PortReport) => {
  const { hello: _hello, stats: _stats, ...rest } = { hello: undefined, stats: undefined, ...report };
  const watch = watchOf(report);
  return watch ? { ...rest, watch } : rest;
};

/** Exit status 3 when ports were named and one of them does not answer. */
export async function boards(options: { config: string; port?: string[]; json?: boolean }): Promise<void> {
  const named = options.port?.map((address): PortCandidate => ({ address, kind: "serial" }));
  const ports = named ?? [...(await virtualPorts(dirname(resolve(options.config)))), ...(await listPorts())];
  const reports = (await discoverBoards(ports, { stats: true })).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  if (options.json) sayJson({ type: "result", boards: reports.map(json) });
  else if (reports.length === 0)
    say(
      false,
      "no serial ports and no virtual boards here; plug a board in, or start virtual ones: ftte train --virtual 2",
    );
  else say(false, text(reports));
  if (named && reports.some((report) => !report.answers)) process.exitCode = exitStatus.board;
}

const key = (report: PortReport) => (report.answers ? report.chipId : `~${report.address}`);
