// Builds every tests/core/fuzz/*_fuzz.c with libFuzzer and the address and undefined-behaviour sanitizers, and runs them two at
// a time. A target names what it is linked with in lines "// sources: a.c b.c" and, if need be, "// flags: -I...".
// Seeds are in tests/core/fuzz/corpus/<target>, or in the one that a line "// corpus: x" names; what is found goes to build/fuzz/corpus/<target>, reduced to what adds coverage.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = "tests/core/fuzz";
const help = `Fuzzes the firmware's parsers: frames, flash images, plans, kernels.

  npm run fuzz -- [options]

  --seconds S     time for each target (60)
  --minutes M     the same in minutes
  --target NAME   only this one (may be repeated)
  --keep          also copy inputs that add coverage to ${folder}/corpus, to be committed
  --help          this text

A crash leaves its input in build/fuzz/crashes and ends with exit code 1.`;
const flags = (
  "-std=c11 -g -O1 -Wall -Wextra -Wshadow -Wvla -Werror -ffp-contract=off -Ifirmware -Ifirmware/core -Ifirmware/port " +
  "-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all"
).split(" ");

interface Result {
  name: string;
  /** Why it failed, empty when it did not. */
  failure: string;
  executions: number;
  coverage: number;
  inputs: number;
}

function findClang(): string {
  const names = ["clang", ...[21, 20, 19, 18, 17, 16, 15, 14].map((version) => `clang-${version}`)];
  const found = names.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (found) return found;
  throw new Error(`Fuzzing needs clang and its libFuzzer, and there is no clang here.\n${aptLine()}`);
}

function aptLine(): string {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const packages = /^ID=ubuntu/m.test(release) ? "clang" : "clang libclang-rt-14-dev";
  return `Install it: sudo apt-get install -y ${packages}`;
}

/** The words behind "// key:" in all such lines. */
function header(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^// ${key}: (.*)$`, "gm"))].flatMap((match) => match[1]!.trim().split(/\s+/));
}

function compile(clang: string, name: string): void {
  const path = `${folder}/${name}_fuzz.c`;
  const text = readFileSync(root + path, "utf8");
  const args = [
    ...flags,
    ...header(text, "flags"),
    "-o",
    `build/fuzz/${name}`,
    path,
    ...header(text, "sources"),
    "-lm",
  ];
  const { status, stderr } = spawnSync(clang, args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  const missing = /libclang_rt\.fuzzer|cannot find .*clang_rt/.test(stderr);
  throw new Error(`${path} does not build:\n${stderr}${missing ? `libFuzzer is missing. ${aptLine()}` : ""}`);
}

/** Runs a built target; resolves with its exit code and what it printed. */
function execute(name: string, args: string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${root}build/fuzz/${name}`, args, { cwd: root });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.stdout.resume();
    child.on("error", reject).on("close", (code) => resolve({ code, text }));
  });
}

/** A target may share another's seeds: "// corpus: plan". */
const seedsOf = (name: string) =>
  `${folder}/corpus/${header(readFileSync(`${root}${folder}/${name}_fuzz.c`, "utf8"), "corpus")[0] ?? name}`;
const foundOf = (name: string) => `build/fuzz/corpus/${name}`;

/** Leaves in build/fuzz/corpus only inputs that add coverage; with `keep`, adds those that the seeds lack to the seeds. */
async function reduce(name: string, keep: boolean): Promise<number> {
  const least = `build/fuzz/least/${name}`;
  rmSync(root + least, { recursive: true, force: true });
  mkdirSync(root + least, { recursive: true });
  await execute(name, ["-merge=1", "-max_len=8192", least, foundOf(name)]);
  rmSync(root + foundOf(name), { recursive: true });
  renameSync(root + least, root + foundOf(name));
  if (keep) {
    mkdirSync(root + seedsOf(name), { recursive: true });
    await execute(name, ["-merge=1", "-max_len=8192", seedsOf(name), foundOf(name)]);
  }
  return readdirSync(root + foundOf(name)).length;
}

function crashOf(name: string, text: string): string {
  const path = /Test unit written to (\S+)/.exec(text)?.[1];
  const report = text.split("\n").slice(-60).join("\n");
  return path ? `input: ${path}\nagain: build/fuzz/${name} ${path}\n${report}` : report;
}

async function fuzz(name: string, seconds: number, keep: boolean): Promise<Result> {
  const seeds = existsSync(root + seedsOf(name)) ? [seedsOf(name)] : [];
  mkdirSync(root + foundOf(name), { recursive: true });
  const { code, text } = await execute(name, [
    `-max_total_time=${seconds}`,
    "-max_len=8192",
    "-timeout=10",
    "-rss_limit_mb=1024",
    "-print_final_stats=1",
    `-artifact_prefix=build/fuzz/crashes/${name}-`,
    foundOf(name),
    ...seeds,
  ]);
  const last = (pattern: RegExp) => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    name,
    failure: code === 0 ? "" : crashOf(name, text),
    executions: last(/number_of_executed_units:\s*(\d+)/g),
    coverage: last(/\bcov: (\d+)/g),
    inputs: code === 0 ? await reduce(name, keep) : 0,
  };
}

function print({ name, failure, executions, coverage, inputs }: Result): void {
  const figures = `${executions} executions, ${coverage} edges covered`;
  if (failure) console.log(`CRASH: ${name} after ${figures}\n${failure}`);
  else console.log(`ok: ${name}, ${figures}, ${inputs} inputs kept`);
}

/** Takes names off the queue until it is empty; two of these run at once. */
async function worker(queue: string[], seconds: number, keep: boolean): Promise<boolean> {
  let ok = true;
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const result = await fuzz(name, seconds, keep);
    print(result);
    ok &&= !result.failure;
  }
  return ok;
}

function chosen(wanted: string[]): string[] {
  const all = readdirSync(root + folder)
    .filter((file) => file.endsWith("_fuzz.c"))
    .map((file) => file.slice(0, -"_fuzz.c".length));
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown) throw new Error(`There is no target "${unknown}"; there are ${all.join(", ")}.`);
  return wanted.length ? wanted : all;
}

function duration(minutes: string | undefined, seconds: string | undefined): number {
  const total = minutes === undefined ? Number(seconds ?? 60) : Number(minutes) * 60;
  if (!(total >= 1)) throw new Error("--seconds and --minutes need a number; at least a second.");
  return Math.round(total);
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      minutes: { type: "string" },
      target: { type: "string", multiple: true, default: [] },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const seconds = duration(values.minutes, values.seconds);
  const names = chosen(values.target);
  const clang = findClang();
  mkdirSync(`${root}build/fuzz/crashes`, { recursive: true });
  for (const name of names) compile(clang, name);
  console.log(`fuzzing ${names.join(", ")} for ${seconds} s each`);
  const done = await Promise.all([0, 1].map(() => worker(names, seconds, values.keep)));
  return done.every(Boolean);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
