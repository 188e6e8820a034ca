// Prints what things weigh: kernels.wasm, each firmware image (text, data, bss by `size`), the host bundle, and the CLI's start-up time
// as a ratio to an empty Node process, taken in turn in one run. `--json` for programs.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { table } from "../host/cli/view/text.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { json: { type: "boolean" }, runs: { type: "string", default: "15" } } });

interface Image {
  port: string;
  text: number;
  data: number;
  bss: number;
}

function images(): Image[] {
  const folder = `${root}build/firmware`;
  if (!existsSync(folder)) throw new Error("nothing is built yet; run: npm run build");
  return readdirSync(folder)
    .map((port) => ({ port, path: `${folder}/${port}/ftte-${port}` }))
    .filter(({ path }) => existsSync(path))
    .map(({ port, path }) => {
      const [, numbers] = execFileSync("size", [path], { encoding: "utf8" }).split("\n");
      const [text, data, bss] = numbers!.trim().split(/\s+/).map(Number) as [number, number, number];
      return { port, text, data, bss };
    });
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

function milliseconds(args: string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with status ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** Median of the pairwise ratios: robust on a noisy machine. */
function startUp(): { ms: number; ratio: number } {
  const pairs = Array.from({ length: Number(values.runs) }, () => ({
    help: milliseconds([`${root}dist/ftte.js`, "--help"]),
    empty: milliseconds(["-e", "0"]),
  }));
  return { ms: median(pairs.map((p) => p.help)), ratio: median(pairs.map((p) => p.help / p.empty)) };
}

const guest = ["kernels.wasm", "kernels.twin.wasm", "fold.wasm"]
  .filter((name) => existsSync(`${root}build/guest/${name}`))
  .map((name) => ({ name, bytes: statSync(`${root}build/guest/${name}`).size }));
const bundle = readdirSync(`${root}dist`)
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + statSync(`${root}dist/${name}`).size, 0);
const report = { guest, firmware: images(), hostBundleBytes: bundle, startUp: startUp() };

if (values.json) console.log(JSON.stringify(report));
else {
  console.log(
    table(
      ["guest", "bytes"],
      report.guest.map((g) => [g.name, String(g.bytes)]),
    ),
  );
  console.log(
    `\n${table(
      ["firmware", "text", "data", "bss"],
      report.firmware.map((f) => [f.port, String(f.text), String(f.data), String(f.bss)]),
    )}`,
  );
  console.log(`\nhost bundle ${report.hostBundleBytes} bytes`);
  console.log(`ftte --help ${report.startUp.ms.toFixed(0)} ms, ${report.startUp.ratio.toFixed(2)} × node -e 0`);
}
