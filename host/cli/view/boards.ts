// What `ftte boards` shows of each port, board and name: as a table for people, as plain objects for programs. Pure.

import { configsOf, linkText } from "../../boards/attached.ts";
import type { PortReport } from "../../boards/discover.ts";
import type { KnownBoards } from "../../boards/names.ts";
import { isBleAddress } from "../../link/ble_address.ts";
import { bytesInKiB, table } from "./text.ts";

type Answer = PortReport & { answers: true };

const noBattery = 255;

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

/** What is known of a board beside its own words. */
function about(report: Answer, known: KnownBoards) {
  const { hello, chipId, boardClass, address } = report;
  const name = known.get(chipId)?.name;
  const wasOn = known.wasElsewhere(chipId, address);
  const configs = configsOf(boardClass, report);
  return {
    name: name ?? null,
    chip: configs[0]?.chip ?? null,
    boards: configs.map(({ id }) => id),
    memoryBytes: hello.ramBytes,
    link: linkText(report),
    battery: hello.battery === noBattery ? null : hello.battery,
    run: hello.run || null,
    ...(wasOn !== undefined && { wasOn }),
  };
}

/** One object per port, without the raw structs; then the boards with a name that are not there. */
export function boardsJson(reports: PortReport[], known: KnownBoards, absent: AbsentBoard[]): object[] {
  const attached = reports.map((report) => {
    const { hello: _hello, stats: _stats, ...rest } = { hello: undefined, stats: undefined, ...report };
    const watch = watchOf(report);
    return { ...rest, ...(report.answers && about(report, known)), ...(watch && { watch }) };
  });
  return [...attached, ...absent.map((board) => ({ ...board, answers: false, code: "port-absent" }))];
}

export interface AbsentBoard {
  chipId: string;
  name: string;
  /** Where it was last. */
  address: string | null;
}

/** Boards with a name that answer on none of the ports. */
export function absentBoards(reports: PortReport[], known: KnownBoards): AbsentBoard[] {
  const here = new Set(reports.map((report) => report.answers && report.chipId));
  const held = new Set(reports.map((report) => (report.answers ? "" : report.address))); // perhaps behind a port that is busy
  return known.all().flatMap(([chipId, { name, address = null }]) => {
    if (name === undefined || here.has(chipId) || held.has(address ?? "")) return [];
    return [{ chipId, name, address }];
  });
}

const none = "–";

function cells(report: PortReport, known: KnownBoards): string[] {
  if (!report.answers) {
    const [id, board] = known.all().find(([, { address }]) => address === report.address) ?? [];
    const was = board?.name === undefined ? none : `${board.name}?`;
    return [
      id === undefined ? none : `${id}?`,
      was,
      report.address,
      none,
      none,
      none,
      none,
      none,
      none,
      none,
      report.code,
    ];
  }
  const { chipId, address, boardClass, firmware, state } = report;
  const { name, chip, memoryBytes, link, battery, run } = about(report, known);
  const who = [chipId, name ?? none, address, boardClass, firmware, chip ?? none];
  return [
    ...who,
    ...[bytesInKiB(memoryBytes), link, battery === null ? none : `${battery} %`, run === null ? none : `${run}`, state],
  ];
}

const hint = (address: string | null) => (address !== null && isBleAddress(address) ? " (ftte boards --ble)" : "");

/** The table, then what people must know of single lines: where a board was before, and why a port gives none. */
export function boardsText(reports: PortReport[], known: KnownBoards, absent: AbsentBoard[]): string {
  const watched = reports.some(watchOf);
  const header = ["chip id", "name", "port", "class", "firmware", "chip", "memory", "link", "battery", "run", "state"];
  const rows = [
    ...reports.map((report) => [...cells(report, known), ...(watched ? watchCells(report) : [])]),
    ...absent.map(({ chipId, name }) => [chipId, name, ...Array<string>(8).fill(none), "absent"]),
  ];
  const notes = reports.flatMap((report) => {
    if (!report.answers) return [report.reason];
    const { name, wasOn } = { wasOn: undefined, ...about(report, known) };
    return wasOn === undefined ? [] : [`${name ?? report.chipId}: was on ${wasOn}, is on ${report.address} now`];
  });
  const gone = absent.map(
    ({ name, address }) => `${name}: not here${address ? `; it was last on ${address}` : ""}${hint(address)}`,
  );
  const lines = [...notes, ...gone];
  const shown = table([...header, ...(watched ? ["last score", "threshold", "unusual"] : [])], rows);
  return lines.length === 0 ? shown : `${shown}\n\n${lines.join("\n")}`;
}
