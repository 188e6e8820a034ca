// A watched board's lines: in columns, with a name in front, and as one line of how it is.

import { describe, expect, it } from "vitest";
import type { BareMonitorEvent, MonitorEvent } from "../../../host/boards/monitor_events.ts";
import { fitsColumns, inColumn, prefixed, statusLine, textOf } from "../../../host/cli/view/monitor.ts";

const event = (of: BareMonitorEvent): MonitorEvent =>
  ({ board: "0011", name: "wrist", time: new Date(2026, 0, 1, 9, 8, 7, 65).toISOString(), ...of }) as MonitorEvent;
const log = event({ type: "log", ms: 1, level: "info", code: "taskEnded", text: "task 7 done", a: 7, b: 1, c: 0 });
const progress = {
  type: "progress",
  state: "training",
  run: 1,
  task: 7,
  step: 30,
  steps: 40,
  loss: 0.25,
  battery: 80,
} as const;

describe("lines", () => {
  it("begin with the time and the level, behind names of one width", () => {
    expect(textOf(log)).toBe("09:08:07.065 info    task 7 done");
    expect(prefixed(log, 8)).toBe("wrist     09:08:07.065 info    task 7 done");
    expect(textOf(event(progress))).toBe("09:08:07.065 training: task 7, step 30 of 40, loss 0.25");
    expect(textOf(event({ type: "lost", count: 3 }))).toMatch(/3 log entries were lost/);
    const learning = event({ type: "score", score: 0.5, mean: 0.4, threshold: null, unusual: 0 });
    expect(textOf(learning)).toMatch(/score 0.5, learning its baseline/);
  });
});

describe("columns", () => {
  it("are used where at least two boards have 48 characters each", () => {
    expect([fitsColumns(1, 200), fitsColumns(2, 97), fitsColumns(2, 98), fitsColumns(3, 147)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it("keep every word in its own column, in order", () => {
    const text = `one two ${"long ".repeat(20)}${"x".repeat(70)} end`;
    const lines = inColumn(text, 1, 2, 100).split("\n");
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      expect(line.slice(0, 51).trim()).toBe("");
      expect(line.length).toBeLessThanOrEqual(100);
    }
    expect(
      lines
        .map((line) => line.trim())
        .join("")
        .replaceAll(" ", ""),
    ).toBe(text.replaceAll(" ", ""));
    expect(inColumn("short", 0, 2, 100)).toBe("short");
  });
});

describe("the line of how a board is", () => {
  it("shows the task's progress, the battery and the last score", () => {
    const score = event({ type: "score", score: 0.5, mean: 0.4, threshold: 2, unusual: 3 }) as MonitorEvent & {
      type: "score";
    };
    const status = {
      name: "wrist",
      online: true,
      progress: event(progress) as MonitorEvent & { type: "progress" },
      score,
    };
    expect(statusLine(status)).toBe(
      "wrist: training · █████████··· task 7 loss 0.25 · battery 80 % · score 0.5 of 2 · 3 unusual",
    );
    expect(statusLine({ ...status, online: false })).toMatch(/^wrist: offline/);
    expect(statusLine({ name: "new", online: true })).toBe("new: idle");
  });
});
