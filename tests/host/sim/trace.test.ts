// Recordings, taken apart and played back: what they say of each board's times, classes and turns; and what is no recording.

import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../host/fl/events.ts";
import type { OrderFacts } from "../../../host/fl/schedule.ts";
import { readRecording, traceSchedule } from "../../../host/sim/trace.ts";

const board = (id: string, label: string) => ({ id, name: `wrist-${id}`, class: label });
const order = (id: string, task: number, began: number, seconds: number, outcome: "update" | "nothing" = "update") =>
  ({ type: "order", seconds, board: id, task, began, outcome }) as const;
const events: RunEvent[] = [
  {
    ...{ type: "started", run: "1", resumed: false, seconds: 0, parameters: 9 },
    boards: [board("a", "small"), board("b", "large"), board("c", "small"), board("d", "large")],
  },
  { type: "board", seconds: 1, board: "a", activity: "idle" },
  order("a", 1, 2, 5),
  { type: "board", seconds: 6, board: "a", activity: "offline", note: "link dropped" },
  { type: "board", seconds: 6.5, board: "a", activity: "offline", note: "no answer" },
  order("b", 1, 2, 7),
  { type: "board", seconds: 8, board: "a", activity: "idle" },
  order("c", 1, 2, 9, "nothing"),
  order("a", 2, 5, 10),
  { type: "board", seconds: 11, board: "c", activity: "offline", note: "link dropped" },
  { type: "traffic", seconds: 12, up: 1, down: 2 },
];
const text = (list: readonly unknown[]) => `${list.map((event) => JSON.stringify(event)).join("\n")}\n`;
const recording = readRecording(text(events), "run.ndjson");
const facts = (index: number, task: number): OrderFacts => {
  return { board: "?", index, speed: 0.1, class: "?", task, steps: 100, bytesDown: 1, bytesUp: 1 };
};

describe("a recording", () => {
  it("tells how long each board's orders took, what came to nothing, and who was out of reach, from the first order on", () => {
    expect(recording).toEqual({
      seconds: 10,
      boards: [
        {
          class: "small",
          orders: [
            { seconds: 3, isLost: false },
            { seconds: 5, isLost: false },
          ],
          away: [{ from: 4, to: 6 }],
        },
        { class: "large", orders: [{ seconds: 5, isLost: false }], away: [] },
        { class: "small", orders: [{ seconds: 7, isLost: true }], away: [{ from: 9, to: 10 }] },
      ],
    });
  });

  it("is the last run of its file, as far as it was written", () => {
    const two = text([{ ...events[0], boards: [] }, order("x", 1, 0, 1), ...events]);
    expect(readRecording(`${two}{"type":"progress","seco`, "run.ndjson")).toEqual(recording);
  });

  it.each([
    ["is empty", "", /run\.ndjson holds no recorded run .*ftte train --json > run\.ndjson/],
    ["is text", "version 1: accuracy 90 %\n", /run\.ndjson is no recorded run: "version 1: accuracy 90 %" is not JSON/],
    ["holds another command's output", text([{ type: "result", runs: [] }]), /no recorded run/],
    ["ended before any order did", text(events.slice(0, 2)), /no recorded run whose boards ended orders/],
    ["is JSON of something else", "[1, 2]\nnull\n3\n", /no recorded run/],
  ])("that %s is refused", (_what, content, message) => {
    expect(() => readRecording(content, "run.ndjson")).toThrow(message);
    expect(() => readRecording(content, "run.ndjson")).toThrow(expect.objectContaining({ code: "data-invalid" }));
  });
});

describe("a schedule of a recording", () => {
  const schedule = traceSchedule(recording, ["large", "small", "small", "small", "large"]);

  it("lets each board's orders take their recorded times in turn, then from the first again", () => {
    expect([1, 2, 3, 4].map((task) => schedule.finish(facts(1, task), 107) - 107)).toEqual([3, 5, 3, 5]);
    expect([1, 2].map((task) => schedule.finish(facts(0, task), 1) - 1)).toEqual([5, 5]);
  });

  it("casts the recorded boards of a class one after the other, and over again", () => {
    expect(schedule.finish(facts(2, 1), 20)).toBe(27);
    expect(schedule.isLost({ board: "?", index: 2, task: 1 })).toBe(true);
    expect(schedule.finish(facts(3, 1), 20)).toBe(23);
    expect(schedule.isLost({ board: "?", index: 3, task: 1 })).toBe(false);
    expect(schedule.finish(facts(4, 1), 20)).toBe(25);
  });

  it("keeps boards out of reach when they were, again with the recording's length", () => {
    expect([0, 3.9, 4, 5, 6, 13, 14.5].map((now) => schedule.reachable(1, now))).toEqual([0, 3.9, 6, 6, 6, 13, 16]);
    expect(schedule.reachable(0, 5)).toBe(5);
    expect(schedule.finish(facts(1, 1), 2)).toBe(6); // done at 5, delivered when it is back
  });

  it("refuses a class that was not recorded", () => {
    expect(() => traceSchedule(recording, ["small", "medium"])).toThrow(/no board of class medium .* small, large/);
  });
});
