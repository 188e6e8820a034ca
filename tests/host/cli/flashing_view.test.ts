// The view of boards being flashed, as text and as steps.

import { expect, it } from "vitest";
import { type FlashEvent, flashLines, flashOutput } from "../../../host/cli/view/flashing.ts";

const event = (more: Partial<FlashEvent>): FlashEvent => ({
  ...{ type: "flash", board: "left", stage: "connecting", done: 0, total: 0 },
  ...more,
});

it("draws a line for each board, no wider than the terminal", () => {
  const text = flashLines(
    [
      event({ stage: "writing", done: 50_000, total: 100_000 }),
      event({ board: "right-wrist", stage: "failed", text: "port-absent" }),
    ],
    60,
  );
  expect(text.split("\n")).toEqual([
    " left         writing   ████████········  50 % of 100 kB",
    " right-wrist  ✗ failed  port-absent",
  ]);
  for (const line of flashLines([event({ stage: "done", text: "x".repeat(200) })], 60).split("\n"))
    expect(line.length).toBeLessThan(60);
});

it("writes a line at each stage to a log, and tells programs every tenth of it", () => {
  const lines: string[] = [];
  const steps: FlashEvent[] = [];
  const log = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const output = flashOutput(log, (step) => steps.push(step));
  output.on(event({}));
  for (let done = 0; done <= 1000; done++) output.on(event({ stage: "writing", done, total: 1000 }));
  output.on(event({ board: "right", stage: "writing", done: 3, total: 1000 }));
  output.close();
  expect(lines).toEqual(["left: connecting\n", "left: writing, 1.00 kB\n", "right: writing, 1.00 kB\n"]);
  expect(steps.map(({ board, done }) => `${board} ${done}`)).toEqual([
    "left 0",
    ...Array.from({ length: 11 }, (_, i) => `left ${100 * i}`),
    "right 3",
  ]);
});
