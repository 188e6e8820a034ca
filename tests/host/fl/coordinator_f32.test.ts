// A run with f32 updates, from the file that it leaves: nothing on the way to a board or back is rounded. As coordinator.test.ts, with the real
// store and boards that train with the real kernels.

import { describe, expect, it } from "vitest";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { decodeUpdateHeader, RowEncoding, SliceHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { places } from "../plan/bench.ts";
import { type Recorded, recomputed, recorded } from "./recorded_run.ts";
import { plans, type SessionOptions, session, TestRun } from "./session.ts";

const classes = ["small", "large", "large"];
const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
const options = (seed: number, noise: number): SessionOptions => {
  return { strategy: fedavg(), encoding: "f32", script: { seed, noise }, stop: { versions: 4 } };
};

async function finished(run: TestRun, o: SessionOptions): Promise<Recorded> {
  const { summary } = await session(run, o);
  expect(summary?.reason).toBe("versions");
  expect(summary?.updates).toMatchObject({ rejected: 0, lost: 0 });
  return recorded(run.path);
}

const classOf = (board: string) => classes[Number(board.slice(-1))]!;
const planOf = (board: string) => plans.get(classOf(board))!;

/** The model's values that the board trains, of the version that its task started from. */
const modelSlice = ({ models }: Recorded, { board, baseVersion }: Recorded["tasks"][number]) =>
  Float32Array.from(places(planOf(board)), (at) => models[baseVersion]![at]!);

describe("a run with f32 updates", () => {
  it("gives every board the model's values whole, to the last bit, and no delta", async () => {
    const file = await finished(new TestRun(classes), options(1, 0));
    expect(file.tasks.length).toBeGreaterThanOrEqual(12);
    for (const task of file.tasks) {
      expect(task.delta).toBeNull();
      const sent = new Float32Array(Uint8Array.from(task.full.subarray(SliceHeaderBytes)).buffer);
      expect(sent).toEqual(modelSlice(file, task));
    }
  });

  it("makes each model of the updates as the formula says, which come as f32", async () => {
    const file = await finished(new TestRun(classes), options(1, 0));
    const folded = file.tasks.filter((task) => task.foldedIn !== null);
    expect(folded).toHaveLength(12);
    for (const { bytes } of folded) expect(decodeUpdateHeader(bytes!).encoding).toBe(RowEncoding.f32);
    recomputed(file, classOf, { weight: ({ samples }) => samples, divisor: sum }).forEach((model, v) => {
      file.models[v + 1]!.forEach((w, c) => {
        expect(Math.abs(w - model[c]!)).toBeLessThan(1e-6);
      });
    });
  });

  it("gives the same models whatever the order of events, and when the host is killed", {
    timeout: 120_000,
  }, async () => {
    const quiet = await finished(new TestRun(classes), options(1, 0));
    expect((await finished(new TestRun(classes), options(2, 0.6))).models).toEqual(quiet.models);
    for (let killAt = 5; killAt < 60; killAt += 11) {
      const run = new TestRun(classes);
      await session(run, { ...options(1, 0), killAt });
      expect((await finished(run, options(killAt, 0.3))).models, `killed at ${killAt}`).toEqual(quiet.models);
    }
  });
});

it("a run with int8 updates sends deltas, after which boards hold what is near the model, not the model", async () => {
  const file = await finished(new TestRun(classes), {
    ...options(1, 0),
    strategy: ftte({ buffer: 2 }),
    encoding: "int8",
  });
  const later = file.tasks.filter(({ task }) => task > 1);
  expect(later.every(({ delta }) => delta !== null)).toBe(true);
  const sent = later.map(({ full }) => new Float32Array(Uint8Array.from(full.subarray(SliceHeaderBytes)).buffer));
  expect(sent.some((values, i) => values.join() !== modelSlice(file, later[i]!).join())).toBe(true);
});
