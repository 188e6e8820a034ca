// Runs the checks, the vitest suites and the fuzzers, adds up what passed and failed, and prints "N passed, N failed" last.
// `--seconds S` sets each fuzzer's time (30), `--only check|vitest|fuzz` runs one part.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" }, only: { type: "string" } } });
const total = { passed: 0, failed: 0 };

function run(command: string, args: string[]): boolean {
  return spawnSync(`${root}node_modules/.bin/${command}`, args, { cwd: root, stdio: "inherit" }).status === 0;
}

function count(ok: boolean, name: string): void {
  if (ok) total.passed++;
  else total.failed++;
  console.log(`${ok ? "ok" : "FAILED"}: ${name}`);
}

function vitest(): void {
  const report = `${root}build/tests/report.json`;
  mkdirSync(`${root}build/tests`, { recursive: true });
  rmSync(report, { force: true });
  const ok = run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, "utf8"));
  total.passed += numPassedTests;
  total.failed += numFailedTests;
  // A suite that could not be loaded fails the run without failing a test.
  if (!ok || !success) total.failed += numFailedTests ? 0 : 1;
}

const parts: Record<string, () => void> = {
  check: () => count(run("tsx", ["scripts/check.ts"]), "npm run check"),
  vitest,
  fuzz: () => count(run("tsx", ["scripts/fuzz.ts", "--seconds", values.seconds]), `fuzzing, ${values.seconds} s each`),
};
for (const [name, part] of Object.entries(parts)) if (!values.only || values.only === name) part();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed ? 1 : 0;
