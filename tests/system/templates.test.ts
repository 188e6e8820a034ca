// `ftte new --template`: each project plans, trains on virtual boards and is the better for it; a board whose sensor plays the template's
// recordings captures windows that its model takes.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ftte, resultOf } from "./project.ts";
import { wornBoard } from "./worn_board.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-templates-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The project as it is written, but ending after two versions. */
async function project(template: string, name = template): Promise<string> {
  const made = resultOf(await ftte(folder, ["new", name, "--template", template]));
  const path = String(made.folder);
  const config = join(path, "ftte.config.ts");
  const text = readFileSync(config, "utf8");
  expect(text).toContain("stop: { minutes: 1 }");
  writeFileSync(config, text.replace("stop: { minutes: 1 }", "stop: { versions: 2 }").replace("count: 3", "count: 1"));
  return path;
}

it.each(["motion", "ecg"])(
  "--template %s trains, and knows more labels than by guessing",
  { timeout: 240_000 },
  async (template) => {
    const path = await project(template);
    const { accuracy, versions } = resultOf(await ftte(path, ["train"]));
    expect(versions).toBe(2);
    expect(accuracy).toBeGreaterThan(0.6);
  },
);

it("--template anomaly trains an autoencoder, and its boards learn a baseline", { timeout: 240_000 }, async () => {
  const path = await project("anomaly");
  const { versions, memory } = resultOf(await ftte(path, ["train"]));
  expect(versions).toBe(2);
  for (const { planned, measured } of memory as { planned: number; measured: number }[]) expect(measured).toBe(planned);
});

it("--template anomaly: a board on the wrist learns what is usual by itself, and ftte monitor shows its scores", {
  timeout: 240_000,
}, async () => {
  const path = await project("anomaly", "watched");
  const board = await wornBoard("virtual-256k", join(folder, "watched-board"));
  await board.start();
  try {
    expect(resultOf(await ftte(path, ["train", "--port", board.address])).versions).toBe(2);
    const { events } = await ftte(path, ["monitor", board.address, "--seconds", "3"]);
    const scores = events.filter(({ type }) => type === "score");
    expect(scores.length).toBeGreaterThan(0);
    for (const { score, threshold } of scores) {
      expect(score).toBeGreaterThan(0);
      expect(threshold).toBeGreaterThan(0);
    }
  } finally {
    await board.kill();
  }
});

it("a board on the wrist captures what the template's model takes", { timeout: 240_000 }, async () => {
  const path = await project("motion", "worn");
  const board = await wornBoard("virtual-256k", folder);
  await board.start();
  try {
    const capture = ["data", "capture", board.address, "--label", "walking", "--seconds", "1"];
    expect(resultOf(await ftte(path, capture)).kept).toBeGreaterThanOrEqual(3);
    expect(resultOf(await ftte(path, ["data", "list", board.address])).labels).toMatchObject([
      { label: "walking", number: 3 },
    ]);
  } finally {
    await board.kill();
  }
});
