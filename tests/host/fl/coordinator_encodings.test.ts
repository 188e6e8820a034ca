// Runs with updates shorter than int8 ones, from the files that they leave: updates are stored as they came, and every model is what they say.
// As coordinator_f32.test.ts, with the real store and boards that train with the real kernels.

import { describe, expect, it } from "vitest";
import { ca2fl } from "../../../host/fl/ca2fl.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import type { Strategy } from "../../../host/fl/strategy.ts";
import type { UpdateEncoding } from "../../../host/plan/update_rows.ts";
import { decodeUpdateHeader } from "../../../host/wire/spec.gen.ts";
import { type Recorded, recomputed, recorded } from "./recorded_run.ts";
import { type SessionOptions, session, TestRun } from "./session.ts";

const classes = ["small", "large", "large"];
const classOf = (board: string) => classes[Number(board.slice(-1))]!;
const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
const encodings: { name: string; encoding: UpdateEncoding; word: number }[] = [
  { name: "top-k", encoding: { topK: 100 }, word: 100 * 65536 + 3 },
  { name: "int4", encoding: "int4", word: 4 },
];

async function finished(run: TestRun, o: SessionOptions): Promise<Recorded> {
  const { summary } = await session(run, o);
  expect(summary?.reason).toBe("versions");
  expect(summary?.updates).toMatchObject({ rejected: 0, lost: 0 });
  return recorded(run.path);
}

describe.each(encodings)("a run with $name updates", ({ encoding, word }) => {
  const options = (seed: number, noise: number, strategy: Strategy = ftte({ buffer: 2 })): SessionOptions => {
    return { strategy, encoding, script: { seed, noise }, stop: { versions: 5 } };
  };

  it("keeps them as they came, shorter than int8 ones, and sends deltas", async () => {
    const short = await finished(new TestRun(classes), options(1, 0));
    const int8 = await finished(new TestRun(classes), { ...options(1, 0), encoding: "int8" });
    const bytesOf = ({ tasks }: Recorded) => {
      const large = tasks.filter(({ board, bytes }) => classOf(board) === "large" && bytes);
      return [...new Set(large.map(({ bytes }) => bytes!.length))];
    };
    expect(bytesOf(short)).toHaveLength(1);
    expect(bytesOf(short)[0]).toBeLessThan(bytesOf(int8)[0]!);
    for (const { bytes, delta, task } of short.tasks) {
      if (bytes) expect(decodeUpdateHeader(bytes).encoding).toBe(word);
      if (task > 1) expect(delta).not.toBeNull();
    }
  });

  it("makes each model of them as the formula says", async () => {
    const file = await finished(new TestRun(classes), options(1, 0, fedavg()));
    expect(file.tasks.filter(({ foldedIn }) => foldedIn !== null)).toHaveLength(15);
    recomputed(file, classOf, { weight: ({ samples }) => samples, divisor: sum }).forEach((model, v) => {
      file.models[v + 1]!.forEach((w, c) => {
        expect(Math.abs(w - model[c]!)).toBeLessThan(1e-6);
      });
    });
  });

  it("gives the same models when the host is killed, also where a step needs the boards' updates of before", {
    timeout: 120_000,
  }, async () => {
    const strategy = () => ca2fl({ buffer: 2 });
    const quiet = await finished(new TestRun(classes), options(1, 0, strategy()));
    for (let killAt = 5; killAt < 60; killAt += 17) {
      const run = new TestRun(classes);
      await session(run, { ...options(1, 0, strategy()), killAt });
      const again = await finished(run, options(killAt, 0.3, strategy()));
      expect(again.models, `killed at ${killAt}`).toEqual(quiet.models);
    }
  });
});
