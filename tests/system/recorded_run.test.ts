// A run of the real firmware in real time, recorded with --json and played back by the simulator: orders end in the recorded order, at the
// recorded times, and make versions when they did.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readRecording } from "../../host/sim/trace.ts";
import { ftte, gestureProject, resultOf } from "./project.ts";

interface Ended {
  board: string;
  seconds: number;
  began: number;
  outcome: string;
}

const project = () =>
  gestureProject((text) =>
    text
      .replace('count: 2, train: "head"', 'count: 4, train: "head", speed: 0.02')
      .replace('count: 1, train: "all"', 'count: 2, train: "all", speed: 0.01')
      .replace("versions: 5", "versions: 12"),
  );

it("plays a recorded run back: the same orders end in the same order, and make the same versions at the same times", async () => {
  const folder = project();
  const recorded = await ftte(folder, ["train"]);
  resultOf(recorded);
  const text = recorded.events.map((event) => `${JSON.stringify(event)}\n`).join("");
  writeFileSync(join(folder, "run.ndjson"), text);
  const orders = recorded.events.filter(({ type }) => type === "order") as unknown as Ended[];
  expect(orders.length).toBeGreaterThanOrEqual(24);
  expect(orders.every(({ outcome }) => outcome === "update")).toBe(true);
  const begin = Math.min(...orders.map(({ began }) => began));

  // Each board's next order begins when the last one has ended, as the strategy has it.
  const recording = readRecording(text, "run.ndjson");
  const ends = recording.boards.flatMap((board) => {
    let now = 0;
    return board.orders.map(({ seconds }) => {
      now += seconds;
      return now;
    });
  });
  const times = orders.map(({ seconds }) => seconds - begin);
  expect(ends.length).toBe(times.length);
  ends
    .sort((a, b) => a - b)
    .forEach((end, i) => {
      expect(end).toBeCloseTo(times[i]!, 6);
    });

  const { events, stderr } = await ftte(folder, ["sim", "--trace", "run.ndjson", "--evaluate-every", "1"]);
  expect(events.at(-1)?.type, stderr).toBe("simulation");
  const versions = events.filter(({ type }) => type === "point").slice(1) as { version: number; seconds: number }[];
  expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  for (const { version, seconds } of versions) expect(seconds).toBeCloseTo(times[version * 2 - 1]!, 6);
});
