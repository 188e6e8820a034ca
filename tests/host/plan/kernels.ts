// The guest for planner tests: kernels.twin.wasm, built from firmware/assembly when older than its sources.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function newestIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile())
    .reduce((newest, f) => Math.max(newest, statSync(`${f.parentPath}/${f.name}`).mtimeMs), 0);
}

/** The module's bytes. */
export function kernels(): Uint8Array {
  const out = `${root}build/tests/planner_kernels.wasm`;
  const built = statSync(out, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < newestIn(`${root}firmware/assembly`)) {
    mkdirSync(`${root}build/tests`, { recursive: true });
    const own = `${out}.${process.pid}`; // test files run side by side: each writes its own and renames
    const args = ["firmware/assembly/index.ts", "--target", "twin", "--lib", "firmware/assembly/blas", "-o", own];
    execFileSync(`${root}node_modules/.bin/asc`, args, { cwd: root, stdio: "pipe" });
    renameSync(own, out);
  }
  return readFileSync(out);
}
