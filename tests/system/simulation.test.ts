// `ftte sim` as a user meets it: killed with SIGKILL at random moments the same command goes on, and ends with the same model and the same
// curve, bit for bit, as one that nobody disturbed; what it keeps and forgets; what it says of mistakes.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../../host/data/random.ts";
import { ftte, gestureProject, type Outcome, type Started, start } from "./project.ts";

const kills = Number(process.env.FTTE_KILLS ?? 3);
const project = () =>
  gestureProject((text) =>
    text.replace(
      "seed: 7,",
      `seed: 7, refreshFrozenEvery: 20, server: { averaging: 0.9 },
    simulation: { churn: { onSeconds: 5, offSeconds: 2 }, lost: 0.05, patienceSeconds: 1, stragglers: { share: 0.3, slowdown: 4 } },`,
    ),
  );
const sim = ["sim", "--clients", "24", "--updates", "1000", "--evaluate-every", "25", "--seeds", "2"];
const allPoints = 2 * (1 + 1000 / 25);

const last = ({ events, stderr }: Outcome) => {
  if (events.at(-1)?.type !== "simulation") throw new Error(stderr);
  return events.at(-1);
};
const points = ({ events }: Outcome, seed: number) => events.filter((e) => e.type === "point" && e.seed === seed);
const kept = (folder: string) => {
  const simulations = join(folder, ".ftte", "simulations");
  return readdirSync(simulations)
    .flatMap((name) => readdirSync(join(simulations, name)).sort())
    .filter((name) => name.startsWith("seed-"));
};

/** Calls back once when the command has told so many points. */
function afterPoints({ child }: Started, count: number, work: () => void): void {
  let seen = 0;
  child.stdout!.on("data", (data: Buffer) => {
    const before = seen;
    seen += String(data).split('{"type":"point"').length - 1;
    if (before < count && seen >= count) work();
  });
}

/** The command's output when it was left to end at last, and how often it was killed before, each time further on its way. */
async function killed(
  folder: string,
  args: string[],
  random: () => number,
): Promise<{ outcome: Outcome; hits: number }> {
  for (let hits = 0; ; hits++) {
    const started = start(folder, args);
    const kill = () => setTimeout(() => started.child.kill("SIGKILL"), random() * 20);
    if (hits < kills) afterPoints(started, 2 + Math.floor(((hits + random()) * allPoints * 0.8) / kills), kill);
    const outcome = await started.done;
    if (outcome.signal !== "SIGKILL") return { outcome, hits };
    expect(kept(folder).some((name) => name.endsWith(".sqlite"))).toBe(true);
  }
}

describe("a simulation", () => {
  let undisturbed: Outcome;
  beforeAll(async () => {
    undisturbed = await ftte(project(), sim);
  });

  function expectSame(outcome: Outcome): void {
    expect(last(outcome)).toEqual(last(undisturbed));
    for (const seed of [7, 8]) expect(points(outcome, seed)).toEqual(points(undisturbed, seed));
  }

  it.each(["1", "2", "4"])("killed again and again goes on, with --jobs %s", { timeout: 120_000 }, async (jobs) => {
    const folder = project();
    const random = seeded(17 * Number(jobs));
    const { outcome, hits } = await killed(folder, [...sim, "--jobs", jobs], random);
    expect(hits).toBe(kills);
    expectSame(outcome);
    expect(kept(folder)).toEqual(["seed-7.json", "seed-8.json"]);
  });

  it("interrupted ends cleanly and goes on", async () => {
    const folder = project();
    const started = start(folder, sim);
    afterPoints(started, allPoints / 3, () => started.child.kill("SIGINT"));
    const interrupted = await started.done;
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toMatch(/the same command goes on/);
    expectSame(await ftte(folder, sim));
  });

  it("that ended answers at once, the same; --fresh, other options and other data begin anew", async () => {
    const folder = project();
    const short = ["sim", "--updates", "40"];
    const first = await ftte(folder, short);
    const again = await ftte(folder, short);
    expect(again.events).toEqual(first.events);
    expect(await ftte(folder, [...short, "--fresh"])).toMatchObject({ events: first.events });
    const other = await ftte(folder, [...short, "--clients", "4"]);
    expect(last(other)).not.toEqual(last(first));
    expect(kept(folder)).toHaveLength(2);
    const recordings = join(folder, "imu.csv");
    writeFileSync(recordings, readFileSync(recordings, "utf8").replace(/^3,1,/gm, "3,2,"));
    expect(last(await ftte(folder, short))).not.toEqual(last(first));
  });

  it("cannot be run twice at once with the same config and options", async () => {
    const folder = project();
    const long = ["sim", "--updates", "1000000"];
    const first = start(folder, long);
    await new Promise<void>((resolve) => afterPoints(first, 2, resolve));
    const second = await ftte(folder, long);
    expect(second).toMatchObject({ status: 4, events: [{ type: "error", code: "store-locked" }] });
    expect((await ftte(folder, ["sim", "--updates", "4"])).status).toBe(0);
    first.child.kill("SIGKILL");
    await first.done;
  });
});

describe("mistakes", () => {
  it.each([
    [["--clients", "0"], 2, /"0" is no number of boards/],
    [["--clients", "20000"], 2, /--clients takes 1 to 10000 boards/],
    [["--stragglers", "0.5"], 2, /--stragglers 0\.3 --slowdown 10/],
    [["--stragglers", "3", "--slowdown", "2"], 2, /simulation\.stragglers\.share/],
    [["--seeds", "1.5"], 2, /"1\.5" is no number of seeds/],
    [["--trace", "absent.ndjson"], 1, /absent\.ndjson cannot be read/],
    [["--svg", "absent/curves.svg"], 4, /absent\/curves\.svg cannot be written/],
    [["--trace", "imu.csv", "--slowdown", "3"], 2, /not both/],
    [["--trace", "imu.csv"], 2, /imu\.csv is no recorded run/],
  ])("%j ends with exit status %i and says why", async (args, status, message) => {
    const outcome = await ftte(gestureProject(), ["sim", ...args]);
    expect(outcome.status).toBe(status);
    expect(outcome.events.at(-1)).toMatchObject({ type: "error", message: expect.stringMatching(message) });
  });
});
