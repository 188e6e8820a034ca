// A training step and an inference on a Cortex-M4F in QEMU: plain C and tuned C (tests/bench/device/), then both engines of the firmware;
// instructions, counted exactly, RAM, flash, and an estimate of the time. The firmware around the engines is not in it.
//   --json        one object per row, or per line of the profile
//   --profile     where the instructions of a step of the whole model go
//   --write       all of it into docs/device-performance.md
//   --workload, --mode   only these
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildGuest } from "../../host/build/guest.ts";
import { table } from "../../host/cli/view/text.ts";
import { workloads as all, type Mode, makeCase, type Workload } from "./device/case.ts";
import { profile } from "./device/profile.ts";
import { engines } from "./device/program.ts";
import {
  goalCells,
  goalHeader,
  markdown,
  memoryCells,
  memoryHeader,
  missed,
  profileCells,
  profileHeader,
  rowCells,
  rowHeader,
  withPart,
} from "./device/report.ts";
import { measureRows, type Row } from "./device/rows.ts";

const page = new URL("../../docs/device-performance.md", import.meta.url);
const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    profile: { type: "boolean" },
    write: { type: "boolean" },
    workload: { type: "string", multiple: true, default: all },
    mode: { type: "string", multiple: true, default: ["full", "truncated", "head", "bias"] },
  },
});
if (values.write && process.argv.some((word) => /^--(workload|mode)/.test(word)))
  throw new Error("--write takes every workload and mode");
const workloads = values.workload as Workload[];
const modes = values.mode as Mode[];
for (const word of workloads) if (!all.includes(word)) throw new Error(`there is no workload ${word}`);
await buildGuest();

const profileOf = (workload: Workload) => profile(makeCase(workload, "full", "int8", 4, 0), engines);

if (values.profile) {
  for (const workload of workloads) {
    const lines = await profileOf(workload);
    if (values.json) for (const line of lines) console.log(JSON.stringify({ workload, ...line }));
    else console.log(`${workload}\n${table(profileHeader, profileCells(lines))}\n`);
  }
} else if (values.json) {
  await measureRows(workloads, modes, (rows) => {
    for (const row of rows) console.log(JSON.stringify(row));
  });
} else {
  const rows: Row[] = [];
  await measureRows(workloads, modes, (more) => rows.push(...more));
  if (values.write) await write(rows);
  else console.log(`${table(rowHeader, rows.map(rowCells))}\n\n${table(goalHeader, goalCells(rows))}`);
}

async function write(rows: Row[]): Promise<void> {
  const profiles: string[] = [];
  for (const workload of missed(rows))
    profiles.push(`${workload}, whole model:\n\n${markdown(profileHeader, profileCells(await profileOf(workload)))}`);
  let text = readFileSync(page, "utf8");
  text = withPart(text, "goals", markdown(goalHeader, goalCells(rows), 3));
  text = withPart(text, "rows", markdown(rowHeader, rows.map(rowCells), 4));
  text = withPart(text, "memory", markdown(memoryHeader, memoryCells(rows), 2));
  text = withPart(text, "profiles", profiles.join("\n\n") || "No goal is missed.");
  writeFileSync(page, text);
}
