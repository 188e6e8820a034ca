// How a run ended, as text and as the last line of --json. Pure.

import type { RunOutcome } from "../training_run.ts";
import { drawCurve } from "./curve.ts";
import { bytes, minutes, percent, table } from "./text.ts";

/** The run that it is compared with: synchronous full-model FedAvg over the same boards and shards. */
export interface Baseline {
  strategy: "fedavg-full";
  accuracy: number;
  time: number; // seconds until its last evaluation first reached within half a point of its final accuracy
  bytes: number; // both directions
  memory: number; // planned arena
}

/** Seconds until the curve first came within half a point of its best. */
export function settled(curve: readonly { seconds: number; accuracy: number }[]): number {
  const best = Math.max(0, ...curve.map((p) => p.accuracy));
  return curve.find((p) => p.accuracy >= best - 0.005)?.seconds ?? 0;
}

/** Boards' classes differ; the smallest board's arena is what decides whether a fleet can train. */
const smallestArena = (outcome: RunOutcome) => Math.min(...outcome.memory.map((m) => m.planned));

export function baselineOf(outcome: RunOutcome): Baseline {
  return {
    strategy: "fedavg-full",
    accuracy: outcome.accuracy,
    time: settled(outcome.curve),
    bytes: outcome.bytes.up + outcome.bytes.down,
    memory: smallestArena(outcome),
  };
}

export function resultJson(outcome: RunOutcome, baseline?: Baseline): object {
  const { curve: _curve, shards: _shards, ...rest } = outcome;
  return { type: "result", ...rest, time: settled(outcome.curve), ...(baseline && { baseline }) };
}

export function resultText(outcome: RunOutcome, baseline?: Baseline): string {
  const { updates } = outcome;
  const row = (name: string, own: string, theirs = "") => (baseline ? [name, own, theirs] : [name, own]);
  const rows = [
    row("accuracy before", percent(outcome.accuracyBefore)),
    row("accuracy after", percent(outcome.accuracy), baseline && percent(baseline.accuracy)),
    row("settled after", minutes(settled(outcome.curve)), baseline && minutes(baseline.time)),
    row("model", `${outcome.parameters} parameters`),
    row("versions", String(outcome.versions)),
    row("updates folded", String(updates.folded)),
    row("  rejected", String(updates.rejected)),
    row("  repeated", String(updates.duplicates)),
    row("  lost", String(updates.lost)),
    row("bytes up", bytes(outcome.bytes.up)),
    row("bytes down", bytes(outcome.bytes.down)),
    row("bytes in all", bytes(outcome.bytes.up + outcome.bytes.down), baseline && bytes(baseline.bytes)),
    row("smallest arena", `${smallestArena(outcome)} B`, baseline && `${baseline.memory} B`),
  ];
  const memory = outcome.memory.map((m) => [m.class, `${m.planned} B`, m.measured ? `${m.measured} B` : "–"]);
  return [
    "",
    table(baseline ? ["", "ftte", "fedavg, full model"] : ["", "ftte"], rows),
    "",
    table(["memory of the arena", "planned", "measured"], memory),
    "",
    ...drawCurve(outcome.curve, 60, 8),
  ].join("\n");
}
