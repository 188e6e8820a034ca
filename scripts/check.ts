// What a change must pass before its tests matter: format and lint, types, generated files, dependency directions, dead exports.
// Prints each check's output only when it fails.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string) => `${root}node_modules/.bin/${name}`;
/** Every file under `folder` whose name matches, from the project's root, sorted. */
const files = (folder: string, name: RegExp) =>
  readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .filter((path) => name.test(path))
    .map((path) => `${folder}/${path}`)
    .sort();

function command(path: string, args: string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd: root, encoding: "utf8" });
  if (error) return [`${path}: ${error.message}`];
  return status === 0 ? [] : [stdout + stderr];
}

// ---- dependency directions: firmware/ and host/ folders, and whom they may import ----

const host: Record<string, string[]> = {
  wire: [],
  plan: ["wire"],
  link: ["wire"],
  data: ["wire", "plan"],
  store: ["wire", "fl", "plan"],
  fl: ["wire", "plan"],
  boards: ["wire", "link", "fl", "build"],
  build: ["wire", "boards"],
  flash: ["wire", "link", "boards"],
  sim: ["wire", "plan", "data", "fl"],
  hil: ["wire", "link", "boards", "fl"],
};
const guest = ["blas", "kernels", "model", "index.ts"];
const core: Record<string, string[]> = {
  digest: [],
  link: ["digest"],
  guest: ["digest"],
  store: ["digest", "port"],
  boot: ["digest", "store", "port"],
  session: ["digest", "link", "guest", "store", "port", "sensors"],
  sensors: ["port"],
};

const importsOf = (path: string, pattern: RegExp) =>
  [...readFileSync(root + path, "utf8").matchAll(pattern)].map((match) => match[1]!);

function hostDirections(): string[] {
  const wrong: string[] = [];
  for (const path of files("host", /\.ts$/)) {
    const [, from] = path.split("/") as [string, string];
    const allowed = host[from];
    if (!allowed) continue; // cli and errors.ts
    for (const target of importsOf(path, /from "(\.[^"]+)"/g)) {
      const [, to] = relative(root, join(root, dirname(path), target)).split("/") as [string, string];
      if (to !== from && !to.startsWith("errors.") && !allowed.includes(to))
        wrong.push(`${path} may not import host/${to}`);
    }
  }
  for (const path of [...files("host/plan", /\.ts$/), ...files("host/fl", /\.ts$/)])
    for (const target of importsOf(path, /from "(node:[^"]+)"/g))
      if (target !== "node:zlib") wrong.push(`${path} is pure and may not import ${target}`); // zlib: crc32, a function of bytes
  return wrong;
}

function guestDirections(): string[] {
  const wrong: string[] = [];
  const level = (path: string) => guest.findIndex((name) => path.startsWith(`firmware/assembly/${name}`));
  for (const path of files("firmware/assembly", /\.ts$/)) {
    for (const target of importsOf(path, /from "([^"]+)"/g)) {
      const to = target === "blas" ? 0 : level(relative(root, join(root, dirname(path), target)));
      if (level(path) >= 0 && to > level(path)) wrong.push(`${path} may not import ${target}`);
    }
  }
  return wrong;
}

function coreDirections(): string[] {
  const wrong: string[] = [];
  for (const path of [...files("firmware/core", /\.[ch]$/), ...files("firmware/sensors", /\.[ch]$/)]) {
    const from = path.split("/").at(-2)!;
    const allowed = core[from];
    if (!allowed) continue; // spec.gen.h
    for (const target of importsOf(path, /#include "([^"]+)"/g)) {
      const to = target === "ftte_port.h" ? "port" : target.split("/")[0]!;
      if (to in core || to === "port")
        if (to !== from && !allowed.includes(to)) wrong.push(`${path} may not include ${target}`);
    }
  }
  return wrong;
}

const cFiles = ["firmware", "tests"].flatMap((folder) => files(folder, /(?<!\.gen)\.[ch]$/));

const generators = ["scripts/generate_spec.ts", "scripts/generate_troubleshooting.ts", "scripts/generate_boards.ts"];

const checks: [name: string, check: () => string[]][] = [
  ["format and lint (biome)", () => command(bin("biome"), ["ci", "--colors=off", "--error-on-warnings", "."])],
  ["format (clang-format)", () => command("clang-format", ["--dry-run", "-Werror", ...cFiles])],
  ["types (tsc)", () => command(bin("tsc"), ["-p", "."])],
  ["generated files", () => generators.flatMap((path) => command(bin("tsx"), [path, "--check"]))],
  ["dependency directions", () => [...hostDirections(), ...guestDirections(), ...coreDirections()]],
  ["dead code and exports (knip)", () => command(bin("knip"), [])],
];

let failed = 0;
for (const [name, check] of checks) {
  const problems = check();
  console.log(`${problems.length ? "FAILED" : "ok"}: ${name}`);
  for (const problem of problems) console.error(problem);
  failed += problems.length ? 1 : 0;
}
process.exitCode = failed ? 1 : 0;
