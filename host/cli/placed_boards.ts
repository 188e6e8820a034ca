// The boards of a run at their places: virtual ones (posix and emulated) with their shards as sensor files, real ones by the ports that the
// config names.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BoardProcess } from "../boards/board_process.ts";
import { discoverBoards } from "../boards/discover.ts";
import { buildProgram, localBoard, programKey, toolsOf } from "../boards/local_board.ts";
import type { FleetBoard, LocalFleet } from "../boards/local_fleet.ts";
import { KnownBoards } from "../boards/names.ts";
import { recordingFile } from "../boards/recording.ts";
import type { Engine } from "../build/port.ts";
import { requireTools } from "../build/toolchain.ts";
import { elementsPerSample, packRecords, subset } from "../data/dataset.ts";
import type { Dataset, Partition } from "../data/types.ts";
import { FtteError } from "../errors.ts";
import type { BoardSetup } from "../fl/coordinator.ts";
import { type PortCandidate, placeAt } from "../link/ports.ts";
import { type FleetPart, virtualCount, virtualName } from "./setup.ts";

export interface ClassMemory {
  class: string;
  planned: number; // bytes of arena
  measured: number; // the largest that a board of this class reported
}

export interface PlacedBoard extends BoardSetup, FleetBoard {
  id: string;
  name: string;
}
export interface VirtualPlace extends PlacedBoard {
  virtual: BoardProcess;
  /** The recording that its sensor plays. */
  samples: string;
}

const engineOf = ({ entry }: FleetPart): Engine => entry.engine ?? "wasm3";
const keyOf = (part: FleetPart) => programKey(part.board, engineOf(part));

/**
 * Builds what the virtual boards run; returns the programs' paths, for placeVirtual.
 * @throws FtteError "compiler-missing" with one line that installs all that the fleet needs
 */
export async function buildPrograms(parts: FleetPart[]): Promise<ReadonlyMap<string, string>> {
  const programs = new Map<string, string>();
  const virtual = parts.filter(virtualCount);
  const tools = virtual.flatMap(({ board }) => toolsOf(board));
  requireTools("the fleet", tools);
  for (const part of virtual)
    if (!programs.has(keyOf(part))) programs.set(keyOf(part), await buildProgram(part.board, engineOf(part)));
  return programs;
}

/** One board per shard, its samples and its state in `folder`. Starts none of them. */
export function placeVirtual(
  parts: FleetPart[],
  shards: Partition,
  train: Dataset,
  folder: string,
  programs: ReadonlyMap<string, string>,
): VirtualPlace[] {
  mkdirSync(folder, { recursive: true });
  const placed: VirtualPlace[] = [];
  for (const part of parts)
    for (let i = 0; i < virtualCount(part); i++) {
      const index = placed.length;
      const name = virtualName(index);
      const samples = join(folder, `${name}.samples`);
      const records = packRecords(subset(train, shards[index]!));
      writeFileSync(samples, recordingFile(records, { type: train.type, elements: elementsPerSample(train) }));
      const { speed = 1, battery } = part.entry;
      const program = programs.get(keyOf(part))!;
      const virtual = localBoard(part.board, { name, folder, samples, program, speed: part.entry.speed, battery });
      placed.push({ id: virtual.chipId, address: virtual.address, name, class: part.label, speed, virtual, samples });
    }
  return placed;
}

/** Real boards are known by their chip ids. @throws FtteError of a port that the config names and that does not answer */
export async function placeReal(parts: FleetPart[]): Promise<PlacedBoard[]> {
  const placed: PlacedBoard[] = [];
  const known = KnownBoards.read();
  for (const part of parts) {
    const baudRate = part.board.link.baud;
    const ports = (part.entry.ports ?? []).map(placeAt);
    const baudRates = ({ kind }: PortCandidate) => (kind === "ble" ? [] : [baudRate]);
    for (const report of await discoverBoards(ports, { baudRates, timeoutMs: 3000 })) {
      if (!report.answers) throw new FtteError(report.code, report.reason);
      const { chipId: id, address } = report;
      const rate = report.baudRate === undefined ? {} : { baudRate };
      placed.push({ id, address, name: known.nameOf(id), class: part.label, speed: part.entry.speed ?? 1, ...rate });
    }
  }
  return placed.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The largest arena that any board of each class used, asked of the boards that answer. */
export async function measureMemory(
  fleet: LocalFleet,
  boards: PlacedBoard[],
  parts: FleetPart[],
): Promise<ClassMemory[]> {
  const peaks = new Map<string, number>();
  await Promise.all(
    boards.map(async ({ id, class: label }) => {
      const stats = await Promise.race([fleet.stats(id).catch(() => undefined), wait(3000)]);
      if (stats) peaks.set(label, Math.max(peaks.get(label) ?? 0, stats.arenaPeak));
    }),
  );
  const classes = new Map(parts.map((part) => [part.label, part.plan.memoryBytes]));
  return [...classes].map(([name, planned]) => ({ class: name, planned, measured: peaks.get(name) ?? 0 }));
}

const wait = (ms: number) => new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined).unref());
