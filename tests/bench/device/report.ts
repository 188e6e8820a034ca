// The device benchmark for people: tables, the goals, and the parts of docs/device-performance.md that are written by --write. Pure.

import type { Cost, ProfileLine } from "./profile.ts";
import { type Engine, engines } from "./program.ts";
import type { Row } from "./rows.ts";

const thousands = (n: number) => n.toLocaleString("en-US");
const range = ([fewest, most]: [number, number], digits: number) => `${fewest.toFixed(digits)}–${most.toFixed(digits)}`;

export const rowHeader = [
  ...["workload", "mode", "frozen", "engine", "step", "÷ floor", "÷ tuned", "inference"],
  ...["arena", "engine RAM", "stack", "static", "RAM in all", "flash", "ms, estimated"],
];

export function rowCells(r: Row): string[] {
  const { arena, engine, stack, static: fixed, total } = r.ram;
  return [
    ...[r.workload, r.mode, r.mode === "full" ? "" : r.frozen, r.engine, thousands(r.instructions)],
    ...[r.floorRatio.toFixed(2), r.tunedRatio.toFixed(2), thousands(r.inference)],
    ...[arena, engine, stack, fixed, total, r.flash].map(thousands),
    range(r.estimate.milliseconds, 2),
  ];
}

/** Of a training step of the whole model. */
interface Goal {
  workload: Row["workload"];
  engine: Engine;
  what: string;
  most: number;
  of: (row: Row) => number;
}

const ratio = (workload: Goal["workload"], engine: Engine, floor: number | undefined, tuned: number): Goal[] => [
  ...(floor === undefined ? [] : [{ workload, engine, what: "÷ floor", most: floor, of: (r: Row) => r.floorRatio }]),
  { workload, engine, what: "÷ tuned", most: tuned, of: (r) => r.tunedRatio },
];
const bytes = (engine: Engine, what: "arena" | "total", most: number): Goal => ({
  ...{ workload: "mlp-128-32-6", engine, what: what === "total" ? "RAM in all" : what, most },
  of: (r) => r.ram[what],
});

export const goals: Goal[] = [
  ...(["mlp-128-32-6", "mlp-561-64-6"] as const).flatMap((workload) => [
    ...ratio(workload, "wasm3", 1.0, 1.1),
    ...ratio(workload, "aot", 0.9, 1.02),
  ]),
  ...(["motion-cnn", "image-cnn"] as const).flatMap((workload) => [
    ...ratio(workload, "wasm3", undefined, 1.5),
    ...ratio(workload, "aot", undefined, 1.15),
  ]),
  ...[bytes("wasm3", "arena", 18_500), bytes("wasm3", "total", 27_000), bytes("aot", "total", 20_000)],
];

export const goalHeader = ["workload", "engine", "what", "at most", "is", "met"];

export function goalCells(rows: Row[]): string[][] {
  return goals.map(({ workload, engine, what, most, of }) => {
    const row = rows.find((r) => r.workload === workload && r.engine === engine && r.mode === "full");
    const is = row && of(row);
    const text = (n: number) => (most < 100 ? n.toFixed(3) : thousands(n));
    const verdict = is === undefined ? ["", ""] : [text(is), is <= most ? "yes" : "no"];
    return [workload, engine, what, text(most), ...verdict];
  });
}

/** Workloads of which a goal for the step's instructions is missed. */
export function missed(rows: Row[]): Row["workload"][] {
  const cells = goalCells(rows);
  const names = goals.filter(({ what }, i) => what.startsWith("÷") && cells[i]!.at(-1) === "no").map((g) => g.workload);
  return [...new Set(names)];
}

export const memoryHeader = [
  ...["workload", "engine", "arena", "= parameters", "+ plan", "+ tensors"],
  ...["engine RAM", "= when opened", "+ while running"],
];

export function memoryCells(rows: Row[]): string[][] {
  return rows.flatMap(({ workload, engine, mode, ram, ramParts: p }) =>
    p && mode === "full"
      ? [
          [
            ...[workload, engine],
            ...[ram.arena, p.parameters, p.plan, p.tensors, ram.engine, p.opened, p.translated].map(thousands),
          ],
        ]
      : [],
  );
}

export const profileHeader = [
  "pass and op",
  "c-floor",
  "c-tuned",
  "aot leaves",
  "aot engine",
  "wasm3 leaves",
  "wasm3 engine",
];

/** Ops stand indented below their pass. */
export function profileCells(lines: ProfileLine[]): string[][] {
  const c = (cost: Cost | undefined) => [cost ? thousands(cost.all) : ""];
  const engine = (cost: Cost | undefined) =>
    cost ? [thousands(cost.leaves), thousands(cost.all - cost.leaves)] : ["", ""];
  const cells = (name: string, cost: ProfileLine["cost"]) => [
    ...[name, ...c(cost["c-floor"]), ...c(cost["c-tuned"])],
    ...[...engine(cost.aot), ...engine(cost.wasm3)],
  ];
  const total: ProfileLine["cost"] = {};
  for (const { op, cost } of lines)
    for (const e of engines) {
      const sum = total[e] ?? { all: 0, leaves: 0 };
      const more = cost[e];
      if (op === "" && more) total[e] = { all: sum.all + more.all, leaves: sum.leaves + more.leaves };
    }
  return [...lines.map((l) => cells(l.op === "" ? l.pass : `· ${l.op}`, l.cost)), cells("in all", total)];
}

/** A table of Markdown: the first column to the left, numbers to the right. */
export function markdown(header: string[], rows: string[][], leftColumns = 1): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(3, ...all.map((row) => row[i]!.length)));
  const line = (row: string[]) =>
    `| ${row.map((cell, i) => (i < leftColumns ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = `| ${widths.map((w, i) => (i < leftColumns ? "-".repeat(w) : `${"-".repeat(w - 1)}:`)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

const part = (name: string) =>
  new RegExp(`(<!-- ${name}: written by the command above -->\n\n)[^]*?(\n\n<!-- end -->)`);

/** The page's written parts. @throws RangeError when the page has no part of that name */
export function partOf(page: string, name: string): string {
  const found = part(name).exec(page);
  if (!found) throw new RangeError(`the page has no part "${name}"`);
  return found[0].slice(found[1]!.length, -found[2]!.length);
}

export function withPart(page: string, name: string, text: string): string {
  partOf(page, name);
  return page.replace(part(name), (_, before, after) => before + text + after);
}
