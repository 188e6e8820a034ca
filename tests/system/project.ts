// A small real project for system tests: synthetic 3-axis recordings as CSV, a tiny network, virtual boards running the real firmware;
// and the built command, run as a user would.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built command. */
export const command = fileURLToPath(new URL("../../dist/ftte.js", import.meta.url));

export interface Outcome {
  status: number | null;
  signal: NodeJS.Signals | null;
  events: Record<string, unknown>[];
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  done: Promise<Outcome>;
}

/** Starts `ftte` with --json in `folder`; `env` is added to this process's own. */
export function start(folder: string, args: string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [command, ...args, "--json"], { cwd: folder, env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const done = new Promise<Outcome>((resolve) => {
    child.on("close", (status, signal) => {
      const lines = stdout.split("\n").slice(0, -1); // a killed process may leave half a line
      resolve({ status, signal, events: lines.map((line) => JSON.parse(line)), stderr });
    });
  });
  return { child, done };
}

/** The command as it is typed, without --json. */
export function ftteText(folder: string, args: string[]): { status: number | null; stdout: string } {
  const { status, stdout } = spawnSync(process.execPath, [command, ...args], { cwd: folder, encoding: "utf8" });
  return { status, stdout };
}

export const ftte = (folder: string, args: string[], env?: Record<string, string>) => start(folder, args, env).done;

/** Three gestures as noisy sine waves, seeded, 12 people: easy to learn, and the people differ. */
function recordings(): string {
  let seed = 12345;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  };
  const lines = ["person,gesture,ax,ay,az"];
  for (let person = 0; person < 12; person++)
    for (let gesture = 0; gesture < 3; gesture++)
      for (let t = 0; t < 160; t++) {
        const angle = t * 0.2 * (gesture + 1) + person;
        const axes = [Math.sin(angle), Math.cos(angle * (gesture + 1)), gesture === 1 ? Math.sin(angle * 3) : 0];
        lines.push([person, gesture, ...axes.map((a) => (a + random() * 0.3).toFixed(4))].join(","));
      }
  return `${lines.join("\n")}\n`;
}

const config = `import { defineConfig } from "ftte/config";
export default defineConfig({
  name: "gestures",
  model: { name: "gestures", kind: "classifier", input: { shape: [16, 3], type: "f32" },
    layers: [{ kind: "conv1d", filters: 4, kernel: 3, stride: 2, activation: "relu" }, { kind: "dense", units: 3 }] },
  data: { kind: "csv", path: "imu.csv", columns: ["ax", "ay", "az"], label: "gesture", user: "person", window: 16, hop: 16, testUsers: [10, 11] },
  partition: { kind: "by-user" },
  firstModel: { samples: 0, epochs: 0 },
  fleet: [{ board: "virtual-64k", count: 2, train: "head" }, { board: "virtual-256k", count: 1, train: "all" }],
  training: { steps: 40, learningRate: 0.05, checkpointEvery: 15 },
  strategy: { name: "ftte", buffer: 2 },
  stop: { versions: 5 },
  seed: 7,
});
`;

/** The project's folder, new. `change` edits the config's text. */
export function gestureProject(
  change: (text: string) => string = (text) => text,
  folder = mkdtempSync(join(tmpdir(), "ftte-gestures-")),
): string {
  writeFileSync(join(folder, "imu.csv"), recordings());
  writeFileSync(join(folder, "ftte.config.ts"), change(config));
  return folder;
}

/** SHA-256 of the model that `ftte run export` writes: equal models, equal text. */
export async function modelHash(folder: string, run = "1"): Promise<string> {
  const { status, stderr } = await ftte(folder, ["run", "export", run, "--out", "model"]);
  if (status !== 0) throw new Error(stderr);
  return createHash("sha256")
    .update(readFileSync(join(folder, "model", "model.safetensors")))
    .digest("hex");
}

/** The last line of a run that ended by itself. */
export function resultOf(outcome: Outcome): Record<string, unknown> {
  const last = outcome.events.at(-1);
  if (last?.type !== "result") throw new Error(`no result; status ${outcome.status}: ${outcome.stderr.slice(-2000)}`);
  return last;
}
