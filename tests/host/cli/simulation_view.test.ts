// What people and programs are told of simulations: how far, how fast, how long yet; medians and ranges of their results.

import { describe, expect, it } from "vitest";
import type { SeedEvent, SeedResult } from "../../../host/cli/seed_run.ts";
import {
  plainSimulation,
  renderSimulation,
  simulationJson,
  simulationTable,
} from "../../../host/cli/view/simulation.ts";
import { emptySimulation, pace, reduceSeed } from "../../../host/cli/view/simulation_state.ts";

const progress = (seed: number, folded: number, seconds = folded / 10): SeedEvent => {
  return { type: "progress", seed, version: folded / 2, seconds, folded };
};
const point = (seed: number, folded: number, accuracy: number): SeedEvent => {
  const bytes = { up: 1, down: 2 };
  return { type: "point", seed, version: folded / 2, seconds: folded / 10, folded, bytes, accuracy, loss: 0.5 };
};

describe("a simulation's view", () => {
  it("tells how far a seed is by whatever ends it first", () => {
    const view = emptySimulation([1, 2], { updates: 400, versions: 100, seconds: 1000 });
    reduceSeed(view, progress(1, 100), 1);
    expect(view.seeds[0]!.share).toBe(0.5); // 50 of 100 versions
    reduceSeed(view, { type: "progress", seed: 2, version: 1, seconds: 900, folded: 2 }, 2);
    expect(view.seeds[1]!.share).toBe(0.9);
    reduceSeed(view, { type: "done", seed: 2 }, 3);
    expect(view.seeds[1]).toMatchObject({ share: 1, isDone: true });
  });

  it("tells the pace of the last seconds, and how long it will yet take at that pace", () => {
    const view = emptySimulation([1, 2], { updates: 1000 });
    expect(pace(view)).toEqual({});
    // What was computed before comes at once, and counts for nothing once it is long ago.
    reduceSeed(view, progress(1, 400), 0);
    for (let at = 1; at <= 40; at++) reduceSeed(view, progress(1, 400 + 10 * at), at);
    const { updatesPerSecond, secondsLeft } = pace(view);
    expect(updatesPerSecond).toBeCloseTo(10, 6);
    expect(secondsLeft).toBeCloseTo((200 + 1000) / 10, 6);
  });

  it("says nothing of the time where only an accuracy ends it", () => {
    const view = emptySimulation([1], {});
    for (let at = 0; at < 5; at++) reduceSeed(view, progress(1, 10 * at), at);
    expect(pace(view)).toEqual({ updatesPerSecond: 10 });
  });

  it("shows each seed's virtual time, version, updates and accuracy, within the terminal's width", () => {
    const view = emptySimulation([3, 4], { updates: 1000 });
    reduceSeed(view, point(3, 0, 0.1), 0);
    reduceSeed(view, point(3, 800, 0.876), 10);
    const text = renderSimulation(view, 10, 100);
    expect(text).toMatch(/^ 0:10 · 0 of 2 seeds done · 80 updates\/s, 0:15 left$/m);
    expect(text).toMatch(/^ seed 3 +█+▌?▋?▊?·+ +1:20 virtual · version 400 · 800 updates · 87\.6 %$/m);
    expect(text).toMatch(/^ seed 4 +·+ +0\.00 s virtual · version 0 · 0 updates · –$/m);
    for (const line of renderSimulation(view, 10, 60).split("\n")) expect([...line].length).toBeLessThan(60);
  });

  it("as lines tells each measurement once", () => {
    const lines: string[] = [];
    const output = plainSimulation(emptySimulation([1], { updates: 100 }), (line) => lines.push(line));
    for (const event of [point(1, 0, 0.5), progress(1, 10), point(1, 40, 0.75)]) output.on(event);
    output.close();
    expect(lines).toEqual([
      expect.stringMatching(/^seed 1 {2}0\.00 s {2}0 updates: accuracy 50\.0 %/),
      expect.stringMatching(/^seed 1 {2}4\.00 s {2}40 updates: accuracy 75\.0 %/),
    ]);
  });
});

describe("a simulation's result", () => {
  const result = (seed: number, accuracy: number): SeedResult => ({
    ...{
      seed,
      accuracy,
      accuracyBefore: 0.1,
      versions: 20 + seed,
      updates: { folded: 80, rejected: seed },
      seconds: 90,
    },
    ...{ bytes: { up: 1e6, down: 2e6 }, meanStaleness: 1.25, modelSha256: "ab", curve: [] },
  });

  it("of one seed is a row; of several, median, least and most are added", () => {
    expect(simulationTable([result(1, 0.9)]).split("\n")).toHaveLength(3);
    const lines = simulationTable([result(1, 0.9), result(2, 0.7), result(3, 0.8), result(4, 0.5)]).split("\n");
    expect(lines.slice(2, 6).map((line) => line[0])).toEqual(["1", "2", "3", "4"]);
    expect(lines[6]).toMatch(/^median +10\.0 % +75\.0 % +1:30 +23 +80 +3 +1\.3 +1\.00 MB +2\.00 MB$/);
    expect(lines[7]).toMatch(/^least +10\.0 % +50\.0 %/);
    expect(lines[8]).toMatch(/^most +10\.0 % +90\.0 %/);
  });

  it("as JSON has every seed and the ranges", () => {
    const seeds = [result(1, 0.9), result(2, 0.6), result(3, 0.8)];
    expect(simulationJson("wrist", 12, seeds)).toMatchObject({
      ...{ type: "simulation", name: "wrist", boards: 12, seeds },
      accuracy: { median: 0.8, least: 0.6, most: 0.9 },
      versions: { median: 22, least: 21, most: 23 },
    });
  });
});
