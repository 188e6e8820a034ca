import { describe, expect, it } from "vitest";
import { curveSvg, drawCurve } from "../../../host/cli/view/curve.ts";
import { render } from "../../../host/cli/view/live.ts";
import { plainView } from "../../../host/cli/view/plain.ts";
import { emptyView, reduce } from "../../../host/cli/view/state.ts";
import { bar, bytes, table } from "../../../host/cli/view/text.ts";
import { coloured } from "../../../host/cli/view/tone.ts";
import type { RunEvent } from "../../../host/fl/events.ts";

const events: RunEvent[] = [
  {
    type: "started",
    run: "3",
    resumed: false,
    seconds: 0,
    parameters: 7018,
    boards: [
      { id: "aa", name: "wrist-01", class: "virtual-64k" },
      { id: "bb", name: "wrist-02", class: "virtual-256k" },
    ],
  },
  { type: "evaluation", seconds: 0.5, version: 0, accuracy: 0.81, loss: 0.6 },
  { type: "board", seconds: 1, board: "aa", activity: "training" },
  { type: "progress", seconds: 2, board: "aa", step: 50, steps: 200, loss: 0.4, battery: 77, bytesPerSecond: 88_000 },
  { type: "board", seconds: 2, board: "bb", activity: "offline", note: "link dropped" },
  { type: "update", seconds: 4, board: "aa", outcome: "folded", staleness: 2 },
  { type: "update", seconds: 4, board: "aa", outcome: "duplicate", staleness: 2 },
  { type: "version", seconds: 5, version: 1 },
  { type: "evaluation", seconds: 6, version: 1, accuracy: 0.9, loss: 0.3 },
  { type: "traffic", seconds: 6, up: 12_345, down: 1_234_567 },
];

function viewOf(list: RunEvent[]) {
  const view = emptyView();
  for (const event of list) reduce(view, event);
  return view;
}

describe("the live view", () => {
  it("shows accuracy, version and each board's state, progress, battery, staleness and rate", () => {
    const text = render(viewOf(events), 120);
    expect(text).toMatch(/accuracy 90\.0 %/);
    expect(text).toMatch(/version 1/);
    expect(text).toMatch(/^ +board +class +state +task +battery +stale +updates +link$/m);
    expect(text).toMatch(/▶ wrist-01 .*training .*███·+ +77 % +2 +1 +88\.0 kB\/s$/m);
    expect(text).toMatch(/✗ wrist-02 .*offline .*link dropped/);
    expect(text).toMatch(/12\.3 kB up, 1\.23 MB down/);
  });

  it("is the same text in colour", () => {
    const text = render(viewOf(events), 120);
    const inColour = coloured(text);
    expect(inColour).toContain("\x1b[31m✗\x1b[0m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
    expect(inColour.replace(/\x1b\[\d+m/g, "")).toBe(text);
  });

  it("keeps within the terminal's width", () => {
    for (const line of render(viewOf(events), 70).split("\n")) expect([...line].length).toBeLessThan(70);
  });
});

it("writes plain lines for what a log's reader wants, and a summary every ten seconds", () => {
  const lines: string[] = [];
  const view = plainView((line) => lines.push(line));
  for (const event of events) view.on(event);
  view.on({ type: "traffic", seconds: 11, up: 1, down: 1 });
  expect(lines).toEqual([
    "0:00  run 3 starts: 2 boards, 7018 parameters",
    "0:00  version 0: accuracy 81.0 %",
    "0:02  wrist-02 link dropped",
    "0:04  wrist-01: update duplicate",
    "0:06  version 1: accuracy 90.0 %",
    "0:11  version 1, 1 updates folded, 1 boards training, accuracy 90.0 %",
  ]);
});

describe("the accuracy curve", () => {
  const points = [0, 1, 2, 3].map((i) => ({ seconds: i * 10, accuracy: 0.8 + (i * 0.2) / 3 }));

  it("is drawn from bottom left to top right when accuracy rises", () => {
    const lines = drawCurve(points, 20, 4);
    expect(lines[0]).toMatch(/100\.0 % ┤\u2800+[^\u2800]/);
    expect(lines[3]).toMatch(/┤[^\u2800]/);
    expect(lines.at(-1)).toMatch(/0 +30 s$/);
  });

  it("becomes an SVG that names its axes", async () => {
    const svg = await curveSvg([{ name: "ftte", points }], "demo");
    expect(svg).toMatch(/^<svg/);
    expect(svg).toMatch(/accuracy on held-out data/);
  });
});

it("writes numbers, bars and tables a person can read", () => {
  expect([bytes(999), bytes(1000), bytes(12_345_678)]).toEqual(["999 B", "1.00 kB", "12.3 MB"]);
  expect(bar(0.5, 4)).toBe("██··");
  expect(table(["a", "n"], [["x", "10"]])).toBe("a   n\n─────\nx  10");
});
