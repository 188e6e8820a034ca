import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FtteConfig } from "../../../host/cli/config.ts";
import { type ConfigInput, parseBytes } from "../../../host/cli/config_schema.ts";
import { loadProject } from "../../../host/cli/load_config.ts";
import { encodingOf } from "../../../host/cli/setup.ts";
import { serverOf, strategyOf, updatesPerStep } from "../../../host/cli/strategies.ts";

/** Fails to compile when the documented types promise what the schema does not take. */
const promised: (config: FtteConfig) => ConfigInput = (config) => config;

function project(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "ftte-project-")), "ftte.config.ts");
  writeFileSync(file, text);
  return file;
}

const minimal = `import { defineConfig } from "ftte/config";
const filters: number = 8;
export default defineConfig({ name: "x", model: { name: "m", kind: "classifier", input: { shape: [28, 28, 1], type: "u8" },
  layers: [{ kind: "conv2d", filters, kernel: [3, 3] }, { kind: "dense", units: 10 }] },
  data: { kind: "mnist" }, fleet: [{ board: "virtual-64k", budget: "24k" }] });`;

/** A fleet of 13. */
const withStrategy = (text: string) =>
  minimal.replace('budget: "24k" }', `count: 12 }, { board: "virtual-64k" }`).replace(" })", `, strategy: ${text} })`);

describe("a project's config", () => {
  it("has types that the schema keeps", () => expect(promised).toBeTypeOf("function"));

  it("is read as TypeScript and gets its defaults", async () => {
    const { config } = await loadProject(project(minimal));
    expect(config).toMatchObject({
      seed: 1,
      strategy: { name: "ftte" },
      training: { steps: 200, microBatch: 1, encoding: "int8" },
      stop: { minutes: 2 },
    });
  });

  it("names every mistake with its place", async () => {
    const file = project(minimal.replace('kind: "dense"', 'kind: "dens"').replace('"24k"', '"lots"'));
    await expect(loadProject(file)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringMatching(/model[\s\S]*fleet\.0\.budget/),
    });
  });

  it.each([
    `{ name: "ftte", age: { kind: "hinge", a: 10, b: 4 }, samplesPower: 0.5, concurrency: 8, maxStaleness: 30, turns: "orders" }`,
    `{ name: "fedbuff", buffer: 3, serverLearningRate: 0.5, concurrency: 8, maxStaleness: 30 }`,
    `{ name: "ca2fl", buffer: 3, serverLearningRate: 0.5, concurrency: 8, maxStaleness: 30, turns: "time" }`,
    `{ name: "fedasync", mixing: 0.9, age: { kind: "polynomial", exponent: 1 }, concurrency: 8 }`,
    `{ name: "fedavg", cohort: 10, overSelection: 1.3 }`,
  ])("takes the strategy %s", async (text) => {
    const { config } = await loadProject(project(withStrategy(text)));
    expect(strategyOf(config).name).toBe(config.strategy.name);
    expect(config.strategy).toEqual(new Function(`return ${text}`)());
  });

  const trained = { firstModel: { samples: 600, users: 0, epochs: 8 } };
  const random = { firstModel: { samples: 0, users: 0, epochs: 8 } };

  it("lets ftte's boards take turns by time where fifty are at work, unless it says which", () => {
    const turn = (options: object, count = 500) =>
      strategyOf({ ...trained, strategy: { name: "ftte", ...options }, fleet: [{ count }] }).turn;
    expect([turn({ concurrency: 49 }), turn({ concurrency: 50 }), turn({ concurrency: 100 })]).toEqual([0, 5, 10]);
    expect(turn({ concurrency: 50 }, 49)).toBe(0);
    expect(turn({ concurrency: 50, turns: "orders" })).toBe(0);
    expect(turn({ concurrency: 40, turns: "time", buffer: 4 })).toBe(10);
  });

  it("divides what not all boards train by as many as are expected to where fifty are at work, unless ftte says by what", () => {
    const update = { board: "a", task: 1, baseVersion: 0, staleness: 0, samples: 1, steps: 1, norm: 1, variance: 0 };
    const leastCoverage = (options: object) =>
      strategyOf({ ...trained, strategy: { name: "ftte", ...options }, fleet: [{ count: 500 }] }).weigh([update], [])
        .leastCoverage;
    expect([leastCoverage({ concurrency: 49 }), leastCoverage({ concurrency: 50 })]).toEqual([undefined, 1 / 2]);
    expect(leastCoverage({ concurrency: 50, divisor: "buffer" })).toBeUndefined();
    expect(leastCoverage({ concurrency: 20, divisor: "expected" })).toBe(1 / 2);
  });

  it("gives boards even shares of ftte's steps where all may work, twenty at most, unless it says otherwise", () => {
    const weights = (options: object, count = 10) => {
      const config = { ...random, strategy: { name: "ftte" as const, ...options }, fleet: [{ count }] };
      const update = { task: 1, baseVersion: 0, staleness: 0, samples: 1, steps: 1, norm: 1, variance: 0 };
      const list = ["a", "a", "a", "b"].map((board) => ({ ...update, board }));
      return strategyOf(config).weigh(list, []).weights;
    };
    for (const all of [{}, { concurrency: 10 }, { concurrency: 40 }])
      expect(weights(all)).toEqual([2 / 3, 2 / 3, 2 / 3, 2]);
    for (const even of [{ concurrency: 9 }, { share: "updates" }]) expect(weights(even)).toEqual([1, 1, 1, 1]);
    expect([weights({}, 20)[3], weights({}, 21)[3], weights({ share: "boards" }, 21)[3]]).toEqual([2, 1, 2]);
  });

  it("lets a fifth of the boards at work make ftte's steps, 2 to 10 of them, or four of few that are all at work, unless it says how many", () => {
    const steps = (count: number, options: object = {}) =>
      updatesPerStep({ ...random, strategy: { name: "ftte", ...options }, fleet: [{ count }, { ports: ["a", "b"] }] });
    expect([1, 2, 11, 18, 28, 48, 498].map((count) => steps(count))).toEqual([3, 4, 4, 4, 6, 10, 10]);
    expect(steps(8, { share: "updates" })).toBe(2);
    expect(steps(498, { concurrency: 20 })).toBe(4);
    expect(steps(498, { concurrency: 20, buffer: 1 })).toBe(1);
    const update = { board: "a", task: 1, baseVersion: 0, staleness: 0, samples: 1, steps: 1, norm: 1, variance: 0 };
    const rates = [trained, random].map((start) => {
      const strategy = strategyOf({ ...start, strategy: { name: "ftte" }, fleet: [{ count: 20 }] });
      const facts = { boards: 20, busy: 0, ordered: 0 };
      expect([3, 4].map((n) => strategy.ready(Array(n).fill(update), facts))).toEqual([false, true]);
      return strategy.weigh([update], []).serverLearningRate;
    });
    expect(rates).toEqual([1.5, 1]);
  });

  it("averages over versions with ftte from a trained first model on, and otherwise when it says so", () => {
    const ftte = { strategy: { name: "ftte" } } as const;
    expect(serverOf({ ...ftte, ...trained })).toEqual({ averaging: 0.9 });
    expect(serverOf({ ...ftte, ...random })).toEqual({});
    expect(serverOf({ ...ftte, ...trained, server: { averaging: 0, clipNorm: 1 } })).toEqual({
      averaging: 0,
      clipNorm: 1,
    });
    expect(serverOf({ ...trained, strategy: { name: "fedbuff" } })).toEqual({});
  });

  it("takes what the server does with every strategy, and refuses what makes no sense", async () => {
    const with4 = minimal.replace('board: "virtual-64k"', 'board: "virtual-64k", count: 15');
    const loaded = (server: string) => loadProject(project(with4.replace(" })", `, server: ${server} })`)));
    expect((await loaded("{ averaging: 0.9, clipNorm: 2 }")).config.server).toEqual({ averaging: 0.9, clipNorm: 2 });
    const robust = `{ filter: { kind: "norm", factor: 4 }, combine: "median" }`;
    expect((await loaded(robust)).config.server).toEqual({ filter: { kind: "norm", factor: 4 }, combine: "median" });
    const alone = loaded(`${robust}, strategy: { name: "fedasync" }`);
    await expect(alone).rejects.toMatchObject({ message: /server\.filter: .*of 1\n.*server\.combine: / });
    const cached = loaded(`{ combine: "median" }, strategy: { name: "ca2fl" }`);
    await expect(cached).rejects.toMatchObject({ message: /server\.combine: .*calibrated/ });
    const two = loaded(`${robust}, strategy: { name: "ftte", buffer: 2 }`);
    await expect(two).rejects.toMatchObject({ message: /needs 3; ftte makes steps of 2/ });
    await expect(loaded(`{ filter: { kind: "norm", factor: 1 } }`)).rejects.toMatchObject({ message: /factor/ });
    await expect(loaded("{ averaging: 1 }")).rejects.toMatchObject({ message: /server\.averaging/ });
    await expect(loaded("{ clipNorm: 0 }")).rejects.toMatchObject({ message: /server\.clipNorm/ });
  });

  it.each([
    [`{ name: "fedavg", overSelection: 1.3 }`, /strategy: overSelection needs a cohort/],
    [`{ name: "fedavg", cohort: 14 }`, /strategy\.cohort: asks 14 boards .* has 13/],
    [`{ name: "fedavg", cohort: 11, overSelection: 1.3 }`, /strategy\.cohort: asks 14 boards .* has 13/],
    [`{ name: "fedavg", cohort: 10, maxStaleness: 3 }`, /strategy: .*maxStaleness/],
    [`{ name: "fedavg", cohort: 10, turns: "time" }`, /strategy: .*turns/],
    [`{ name: "fedasync", buffer: 3 }`, /strategy: .*buffer/],
    [`{ name: "fedasync", mixing: 1.5 }`, /strategy\.mixing/],
    [`{ name: "fedbuff", age: "hinge" }`, /strategy: .*age/],
    [`{ name: "ftte", age: { kind: "hinge", exponent: 2 } }`, /strategy\.age/],
    [`{ name: "fedsomething" }`, /strategy\.name/],
  ])("refuses the strategy %s", async (text, message) => {
    await expect(loadProject(project(withStrategy(text)))).rejects.toMatchObject({ code: "config-invalid", message });
  });

  const asked = (encoding: string, more = "") =>
    project(minimal.replace("fleet:", `training: { encoding: "${encoding}"${more} }, fleet:`));

  it("chooses how updates are encoded, of those that there are", async () => {
    expect((await loadProject(asked("f32"))).config.training).toMatchObject({ encoding: "f32", steps: 200 });
    await expect(loadProject(asked("f16"))).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("training.encoding"),
    });
  });

  it("says what share of a row top-k updates have, in 256ths: an eighth by default, one at least", async () => {
    const topK = async (more: string) => encodingOf((await loadProject(asked("top-k", more))).config);
    expect(await topK("")).toEqual({ topK: 32 });
    for (const [kept, of256] of [
      [0.75, 192],
      [0.1, 26],
      [0.25, 64],
      [1e-9, 1],
    ])
      expect(await topK(`, kept: ${kept}`)).toEqual({ topK: of256 });
    for (const encoding of ["int8", "f32"])
      expect(encodingOf((await loadProject(asked(encoding))).config)).toBe(encoding);
  });

  it.each([
    ["top-k", "0", "training.kept: "],
    ["top-k", "0.7501", "training.kept: "],
    ["top-k", '"half"', "training.kept: "],
    ["int8", "0.1", 'training.kept: is the share that "top-k" keeps; the encoding is "int8"'],
    ["f32", "0.75", 'training.kept: is the share that "top-k" keeps; the encoding is "f32"'],
  ])("refuses, with %s updates, the share %s", async (encoding, kept, message) => {
    await expect(loadProject(asked(encoding, `, kept: ${kept}`))).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining(message),
    });
  });

  it("says what to do when the file is absent, has no default export or does not parse", async () => {
    await expect(loadProject("/nowhere/ftte.config.ts")).rejects.toMatchObject({
      code: "file-unreadable",
      message: /ftte new/,
    });
    await expect(loadProject(project("export const a = 1;"))).rejects.toMatchObject({ message: /default export/ });
    await expect(loadProject(project("export default {"))).rejects.toMatchObject({ code: "config-invalid" });
  });
});

it("reads sizes in bytes and kibibytes", () => {
  expect([parseBytes("24k"), parseBytes("1000"), parseBytes(7), parseBytes("1.5K")]).toEqual([24576, 1000, 7, 1536]);
  expect(() => parseBytes("24 MB")).toThrow(/not a size/);
});
