// How a run ended, as text and as the last line of --json. Pure.

import type { RunOutcome } from "../training_run.ts";
import { drawCurve } from "./curve.ts";
import { bytes, minutes, percent, table } from "./text.ts";

/** Synchronous full-model FedAvg over the same boards and shards, int8 both ways like the run that it is compared with. */
export interface Baseline {
  strategy: "fedavg-full";
  accuracy: number;
  time: number; // seconds to the target
  bytes: number; // both directions, to the target
  memory: number; // planned arena of the smallest board
}

/** Two runs measured by when each reached what both reached. */
export interface Comparison {
  /** Half a point below the lower of the two final accuracies. */
  target: number;
  own: { time: number; bytes: number };
  baseline: Baseline;
}

/** Boards' classes differ; the smallest board's arena is what decides whether a fleet can train. */
const smallestArena = (outcome: RunOutcome) => Math.min(...outcome.memory.map((m) => m.planned));

function reached(outcome: RunOutcome, target: number): { time: number; bytes: number } {
  const point = outcome.curve.find((p) => p.accuracy >= target);
  return { time: point?.seconds ?? outcome.seconds, bytes: point?.bytes ?? outcome.bytes.up + outcome.bytes.down };
}

export function compare(outcome: RunOutcome, baseline: RunOutcome): Comparison {
  const target = Math.min(outcome.accuracy, baseline.accuracy) - 0.005;
  return {
    target,
    own: reached(outcome, target),
    baseline: {
      strategy: "fedavg-full",
      accuracy: baseline.accuracy,
      ...reached(baseline, target),
      memory: smallestArena(baseline),
    },
  };
}

export function resultJson(outcome: RunOutcome, comparison?: Comparison): object {
  const { curve: _curve, shards: _shards, ...rest } = outcome;
  if (!comparison) return { type: "result", ...rest };
  const { target, own, baseline } = comparison;
  return { type: "result", ...rest, target, toTarget: own, baseline };
}

export function resultText(outcome: RunOutcome, comparison?: Comparison): string {
  const { updates } = outcome;
  const row = (name: string, own: string, theirs = "") => (comparison ? [name, own, theirs] : [name, own]);
  const rows = [
    row("accuracy before", percent(outcome.accuracyBefore)),
    row("accuracy after", percent(outcome.accuracy), comparison && percent(comparison.baseline.accuracy)),
    ...(comparison ? targetRows(comparison) : []),
    row("smallest arena", `${smallestArena(outcome)} B`, comparison && `${comparison.baseline.memory} B`),
    row("model", `${outcome.parameters} parameters`),
    row("versions", String(outcome.versions)),
    row("updates folded", String(updates.folded)),
    ...(updates.leftOut > 0 ? [row("  left out", String(updates.leftOut))] : []),
    row("  rejected", String(updates.rejected)),
    row("  repeated", String(updates.duplicates)),
    row("  lost", String(updates.lost)),
    row("bytes up", bytes(outcome.bytes.up)),
    row("bytes down", bytes(outcome.bytes.down)),
  ];
  const memory = outcome.memory.map((m) => [m.class, `${m.planned} B`, m.measured ? `${m.measured} B` : "–"]);
  return [
    "",
    table(comparison ? ["", "ftte", "fedavg, full model"] : ["", "ftte"], rows),
    "",
    table(["memory of the arena", "planned", "measured"], memory),
    "",
    ...drawCurve(outcome.curve, 60, 9),
  ].join("\n");
}

function targetRows({ target, own, baseline }: Comparison): string[][] {
  return [
    [`time to ${percent(target)}`, minutes(own.time), minutes(baseline.time)],
    [`bytes to ${percent(target)}`, bytes(own.bytes), bytes(baseline.bytes)],
  ];
}
