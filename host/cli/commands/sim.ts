// `ftte sim`: the config's fleet in virtual time, as often as there are seeds. What was computed is kept, so that the same command goes on
// after a kill, and answers at once after its end.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildFold } from "../../build/fold.ts";
import { buildGuest } from "../../build/guest.ts";
import { builtGuest, root } from "../../build/root.ts";
import { exitStatus, FtteError } from "../../errors.ts";
import { type Recording, readRecording } from "../../sim/trace.ts";
import { lockFolder } from "../../store/lock.ts";
import { type ResolvedConfig, resolveConfig } from "../config_schema.ts";
import { loadProject } from "../load_config.ts";
import { interruptible, say, sayJson, writeText } from "../output.ts";
import { dealFleet } from "../population.ts";
import { simulationFolder } from "../project_store.ts";
import type { SeedEvent, SeedResult, SeedRunOptions } from "../seed_run.ts";
import { seedRuns } from "../seed_runs.ts";
import { curveSvg } from "../view/curve.ts";
import { simulationJson, simulationOutput, simulationTable } from "../view/simulation.ts";

export interface SimOptions {
  config: string;
  clients?: number;
  stragglers?: number;
  slowdown?: number;
  updates?: number;
  minutes?: number;
  seed?: number;
  seeds: number;
  evaluateEvery: number;
  jobs?: number;
  trace?: string;
  fresh?: boolean;
  svg?: string;
  json?: boolean;
}

/** The config with what the command line says instead. @throws FtteError "usage" or "config-invalid" */
function simulated(config: ResolvedConfig, options: SimOptions): ResolvedConfig {
  const { clients, minutes, updates, seed } = options;
  const changed = {
    ...config,
    fleet: clients === undefined ? byPort(config) : dealFleet(config.fleet, clients, "--clients"),
    ...((minutes ?? updates) !== undefined && { stop: minutes === undefined ? {} : { minutes } }),
    ...(seed !== undefined && { seed }),
    simulation: { ...config.simulation, stragglers: stragglers(config, options) },
  };
  return resolveConfig(changed, "what config and command line say together");
}

/** A simulated board for each that the config has at a port. */
const byPort = ({ fleet }: ResolvedConfig): ResolvedConfig["fleet"] =>
  fleet.map(({ ports, ...entry }) => (ports ? { ...entry, count: ports.length } : entry));

type Stragglers = ResolvedConfig["simulation"]["stragglers"];

function stragglers({ simulation }: ResolvedConfig, options: SimOptions): Stragglers {
  const { stragglers: share, slowdown, trace } = options;
  if (share === undefined && slowdown === undefined) return simulation.stragglers;
  if (trace !== undefined)
    throw new FtteError("usage", "a recording says who is slow; give --trace or --stragglers, not both");
  const { stragglers: given } = simulation;
  const asked = { ...given, share: share ?? given.share, slowdown: slowdown ?? given.slowdown };
  const isVain = share === undefined ? asked.share === 0 : asked.share > 0 && asked.slowdown <= 1;
  if (isVain)
    throw new FtteError("usage", "stragglers need a share and a slowdown above 1: --stragglers 0.3 --slowdown 10");
  return asked;
}

function recordingAt(path: string): Recording {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new FtteError("file-unreadable", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return readRecording(text, path);
}

/** Of this program as it is built: what another one computed is not gone on with. */
function programDigest(): string {
  const dist = join(root, "dist");
  const bundles = readdirSync(dist).filter((name) => name.endsWith(".js"));
  const files = [...bundles.map((name) => join(dist, name)), builtGuest("kernels.twin.wasm"), builtGuest("fold.wasm")];
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/** Makes the folder this process's own, and forgets what it holds if that is asked. Call the result to give it free. */
function claimed(stateFolder: string, { fresh }: SimOptions): () => void {
  const release = lockFolder(stateFolder);
  if (fresh) for (const name of readdirSync(stateFolder)) if (name.startsWith("seed-")) rmSync(join(stateFolder, name));
  return release;
}

/** One for each seed, from the config's on. */
function runsOf(folder: string, config: ResolvedConfig, o: SimOptions): Omit<SeedRunOptions, "trainers">[] {
  const { updates, evaluateEvery, trace } = o;
  const recording = trace === undefined ? undefined : recordingAt(trace);
  const asked = { ...(updates !== undefined && { updates }), ...(recording && { recording }), evaluateEvery };
  const told = JSON.stringify({ ...asked, config: { ...config, seed: 0 }, program: programDigest() });
  const stateFolder = simulationFolder(folder, createHash("sha256").update(told).digest("hex").slice(0, 16));
  const seeds = Array.from({ length: o.seeds }, (_, i) => config.seed + i);
  return seeds.map((seed) => ({ ...asked, config: { ...config, seed }, projectFolder: folder, stateFolder }));
}

function endsOf({ stop }: ResolvedConfig, { updates }: SimOptions) {
  const { minutes, versions } = stop;
  return {
    ...(updates !== undefined && { updates }),
    ...(versions !== undefined && { versions }),
    ...(minutes !== undefined && { seconds: minutes * 60 }),
  };
}

async function writeCurves(path: string, title: string, results: readonly SeedResult[]): Promise<void> {
  const curves = results.map(({ seed, curve }) => ({ name: `seed ${seed}`, points: curve }));
  writeText(path, await curveSvg(curves, title, "seconds of virtual time"));
}

export async function sim(options: SimOptions): Promise<void> {
  const { folder, config: read } = await loadProject(options.config);
  const config = simulated(read, options);
  if (options.svg !== undefined) writeText(options.svg, ""); // a mistake in the path shows now, not at the end
  await buildGuest();
  await buildFold();
  const runs = runsOf(folder, config, options);
  const boards = config.fleet.reduce((sum, { count = 1 }) => sum + count, 0);
  const seeds = options.seeds === 1 ? `seed ${config.seed}` : `${options.seeds} seeds, from ${config.seed} on`;
  say(options.json, `simulation of ${config.name}: ${boards} boards, ${seeds}`);
  const release = claimed(runs[0]!.stateFolder, options);
  const results = await withView(runs, endsOf(config, options), options).finally(release);
  const ended = results.filter((result) => result !== undefined);
  if (ended.length > 0) say(options.json, `\n${simulationTable(ended)}`);
  if (ended.length < runs.length) {
    say(options.json, "interrupted; the same command goes on from here");
    process.exitCode = exitStatus.interrupted;
    return;
  }
  if (options.svg !== undefined) {
    await writeCurves(options.svg, `${config.name}: ${boards} simulated boards`, ended);
    say(options.json, `The curves are in ${options.svg}.`);
  }
  if (options.json) sayJson(simulationJson(config.name, boards, ended));
}

async function withView(
  runs: readonly Omit<SeedRunOptions, "trainers">[],
  ends: ReturnType<typeof endsOf>,
  { jobs, json }: SimOptions,
): Promise<(SeedResult | undefined)[]> {
  const { signal, stop } = interruptible();
  const seeds = runs.map(({ config }) => config.seed);
  const output = simulationOutput(json ? process.stderr : process.stdout, seeds, ends);
  const on = (event: SeedEvent) => {
    if (json && event.type === "point") sayJson(event);
    output.on(event);
  };
  try {
    return await seedRuns({ runs, jobs: jobs ?? availableParallelism(), on, signal });
  } finally {
    output.close();
    stop();
  }
}
