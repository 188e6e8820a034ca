// The host killed with SIGKILL, at random moments and at each named step of folding: after a resume no acknowledged update is missing,
// none counts twice, and the model equals that of an undisturbed run, bit for bit.

import { expect, it } from "vitest";
import { foldSteps } from "../../host/fl/coordinator.ts";
import { ftte, gestureProject, modelHash, resultOf, start } from "./project.ts";

const kills = Number(process.env.FTTE_KILLS ?? 50);
const train = ["train", "--deterministic"];

async function undisturbed(): Promise<{ hash: string; folded: number }> {
  const folder = gestureProject();
  const result = resultOf(await ftte(folder, train)) as { updates: { folded: number; lost: number } };
  expect(result.updates.lost).toBe(0);
  return { hash: await modelHash(folder), folded: result.updates.folded };
}

/** Ends the run whatever it takes, killing the first `times` attempts after a seeded random delay. Returns the kills that hit. */
async function killedRun(folder: string, times: number, delayMs: () => number): Promise<number> {
  for (let hits = 0; ; ) {
    const { child, done } = start(folder, train);
    const timer = hits < times ? setTimeout(() => child.kill("SIGKILL"), delayMs()) : undefined;
    const outcome = await done;
    clearTimeout(timer);
    if (outcome.signal === "SIGKILL") hits++;
    else {
      const { updates } = resultOf(outcome) as { updates: { lost: number } };
      expect(updates.lost).toBe(0);
      return hits;
    }
  }
}

const reference = undisturbed();

it(`loses and repeats nothing when the host is killed at ${kills} random moments`, { timeout: 600_000 }, async () => {
  const { hash } = await reference;
  let seed = 99;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  let hit = 0;
  let runs = 0;
  while (hit < kills) {
    const folder = gestureProject();
    hit += await killedRun(folder, Math.min(12, kills - hit), () => 300 + random() * 1500);
    runs++;
    expect(await modelHash(folder)).toBe(hash);
  }
  console.log(`killed ${hit} times in ${runs} runs; every model equals the undisturbed one`);
});

it.each([...foldSteps])(
  "loses and repeats nothing when the host is killed at the step %s",
  { timeout: 120_000 },
  async (step) => {
    const { hash, folded } = await reference;
    const folder = gestureProject();
    const killed = await ftte(folder, train, { FTTE_KILL_AT: step });
    expect(killed.signal).toBe("SIGKILL");
    const resumed = await ftte(folder, ["run", "resume", "1"]);
    expect(resumed.stderr).toMatch(/goes on/);
    const { updates } = resultOf(resumed) as { updates: { folded: number; lost: number } };
    expect(updates).toMatchObject({ folded, lost: 0 });
    expect(await modelHash(folder)).toBe(hash);
  },
);
