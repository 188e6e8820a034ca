// From a config to data on boards: no subject on two sides, and nothing learned from those who are held out. Every sample carries its
// subject in its values, so a stranger is seen wherever it ends up.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { memoryBudget } from "../../../host/build/memory.ts";
import { resolveConfig } from "../../../host/cli/config_schema.ts";
import { dealData, loadRunData, planFleet } from "../../../host/cli/setup.ts";
import type { Dataset } from "../../../host/data/types.ts";
import { sweep } from "../plan/random_models.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-setup-"));
const users = Array.from({ length: 12 }, (_, i) => 3 * i + 1);
const rowsEach = 24;

/** Column x is the user's number, column y the row's; two labels each. */
function recordings(reading: (user: number) => number = (user) => user): void {
  const rows = users.flatMap((user) =>
    Array.from({ length: rowsEach }, (_, t) => `${user},${t < rowsEach / 2 ? "rest" : "move"},${reading(user)},${t}`),
  );
  writeFileSync(join(folder, "imu.csv"), `who,what,x,y\n${rows.join("\n")}\n`);
}

function configOf(change: { data?: object; [key: string]: unknown } = {}) {
  const { data, ...rest } = change;
  const layers = [{ kind: "dense", units: 2 }];
  return resolveConfig(
    {
      name: "subjects",
      model: { name: "m", kind: "classifier", input: { shape: [4, 2], type: "f32" }, layers },
      data: {
        kind: "csv",
        path: "imu.csv",
        columns: ["x", "y"],
        label: "what",
        user: "who",
        window: 4,
        hop: 2,
        ...data,
      },
      partition: { kind: "by-user" },
      fleet: [{ board: "virtual-64k", count: 4 }],
      ...rest,
    },
    "the test's config",
  );
}

const usersOf = (data: Dataset) => new Set(data.users);
const board = loadBoardConfig("virtual-64k");
const shared = (a: Set<number>, b: Set<number>) => [...a].filter((u) => b.has(u));

describe("subjects", () => {
  it("are each on one side only: held out, the host's, or one board's; and all of them are somewhere", () => {
    recordings();
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.integer({ min: 0, max: 3 }),
        fc.option(fc.subarray(users, { minLength: 1, maxLength: 3 }), { nil: undefined }),
        fc.double({ min: 0.05, max: 0.3, noNaN: true }),
        (seed, hostUsers, testUsers, testShare) => {
          const config = configOf({
            seed,
            data: testUsers ? { testUsers } : { testShare },
            firstModel: { users: hostUsers, epochs: 1 },
          });
          const data = loadRunData(config, folder);
          const dealt = dealData(config, data, Array(4).fill(board));
          const groups = [
            usersOf(data.test),
            usersOf(data.host),
            ...dealt.map((list) => new Set([...list].map((i) => data.train.users[i]!))),
          ];
          for (const [i, group] of groups.entries())
            for (const other of groups.slice(i + 1)) expect(shared(group, other)).toEqual([]);
          expect(groups.flatMap((g) => [...g]).sort((a, b) => a - b)).toEqual(users);
          expect(groups[1]!.size).toBe(hostUsers);
          if (testUsers) expect(groups[0]).toEqual(new Set(testUsers));
          expect(groups[0]!.size).toBeGreaterThan(0);
          // By the samples themselves, not only by what is written beside them.
          for (const part of [data.test, data.host, data.train])
            part.users.forEach((user, i) => {
              expect(part.elements[i * 8]).toBe(user);
            });
        },
      ),
      sweep(40),
    );
  });

  it("that are held out and not in the file are refused", () => {
    recordings();
    const wrong = configOf({ data: { testUsers: [1, 2] } });
    expect(() => loadRunData(wrong, folder)).toThrow(
      expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(/no samples of test user 2/) }),
    );
  });

  it("come again the same when a run is taken up again", () => {
    recordings();
    const config = configOf({ seed: 5, firstModel: { users: 2, epochs: 0 } });
    const [first, second] = [loadRunData(config, folder), loadRunData(config, folder)];
    expect(second).toEqual(first);
    const boards = Array(4).fill(board);
    expect(dealData(config, second, boards)).toEqual(dealData(config, first, boards));
    const other = loadRunData(configOf({ seed: 6, firstModel: { users: 2, epochs: 0 } }), folder);
    expect(usersOf(other.host)).not.toEqual(usersOf(first.host));
  });
});

describe("normalisation", () => {
  it("is learned on training users only: whatever those who are held out do, it stays the same", () => {
    const testUsers = [4, 34];
    const config = configOf({ data: { testUsers }, firstModel: { users: 3, epochs: 0 } });
    recordings();
    const { normalisation } = loadRunData(config, folder);
    recordings((user) => (testUsers.includes(user) ? 1e6 : user));
    const wild = loadRunData(config, folder);
    expect(wild.test.elements[0]).toBe(1e6);
    expect(wild.normalisation).toEqual(normalisation);
    const training = users.filter((u) => !testUsers.includes(u));
    const mean = training.reduce((a, b) => a + b, 0) / training.length;
    expect(-normalisation.offset[0]! / normalisation.scale[0]!).toBeCloseTo(mean, 6);
  });
});

describe("a file without subjects", () => {
  const anonymous = (data: object) =>
    configOf({ partition: { kind: "dirichlet", alpha: 1 }, data: { user: undefined, ...data } });

  it("holds out windows that share no row with any that is trained on", () => {
    recordings();
    const { train, test } = loadRunData(anonymous({ window: 4, hop: 1, testShare: 0.25 }), folder);
    const rows = (data: Dataset) => {
      const all = new Set<string>();
      for (let i = 0; i < data.elements.length; i += 2) all.add(`${data.elements[i]} ${data.elements[i + 1]}`);
      return all;
    };
    const used = rows(train);
    expect([...rows(test)].filter((row) => used.has(row))).toEqual([]);
    expect(test.count / (train.count + test.count)).toBeCloseTo(0.25, 1);
    expect(train.count).toBeGreaterThan(100);
  });

  it("holds out a share of windows that do not overlap, at random by the seed", () => {
    recordings();
    const one = loadRunData(anonymous({ window: 4, hop: 4, testShare: 0.25 }), folder);
    expect(one.test.count).toBe(18); // of 72
    expect(one.train.count).toBe(54);
  });
});

describe("data that does not fit the model is refused:", () => {
  const dense = (shape: number[], type: string, units: number) => ({
    model: { name: "m", kind: "classifier", input: { shape, type }, layers: [{ kind: "dense", units }] },
  });
  const cases: [string, object, RegExp][] = [
    ["another shape", dense([5, 2], "f32", 2), /has samples of shape 4×2, model m takes 5×2/],
    ["another type", dense([4, 2], "i16", 2), /holds f32, model m takes i16/],
    ["more classes", dense([4, 2], "f32", 1), /has 2 classes, model m has 1 outputs/],
    ["nothing left to train on", { firstModel: { users: 12, epochs: 1 } }, /nothing is left to train on/],
  ];
  it.each(cases)("%s", (_what, change, message) => {
    recordings();
    expect(() => loadRunData(configOf({ ...change }), folder)).toThrow(
      expect.objectContaining({ code: "data-invalid", message: expect.stringMatching(message) }),
    );
  });
});

describe("a board's shard", () => {
  it("is no larger than its sample log", () => {
    recordings();
    const config = configOf({
      fleet: [{ board: "virtual-64k", count: 1 }],
      partition: { kind: "shards", perBoard: 1 },
    });
    const data = loadRunData(config, folder);
    const record = 4 + 32; // header and 8 f32
    const small = {
      ...board,
      sampleBytes: 2 * board.flash.pageBytes + 10 * (record + Math.max(4, board.flash.programBytes)),
    };
    expect(dealData(config, data, [small]).map((list) => list.length)).toEqual([10]);
    expect(dealData(config, data, [board]).map((list) => list.length)).toEqual([data.train.count]);
  });
});

describe("a plan that does not fit", () => {
  // Few parameters, which flash holds, and large activations, of which training all three layers needs all.
  const conv = { kind: "conv2d", filters: 4, kernel: [3, 3], activation: "tanh" };
  const layers = [conv, conv, conv, { kind: "globalAveragePool" }, { kind: "dense", units: 2 }];
  const model = { name: "wide", kind: "classifier", input: { shape: [48, 48, 1], type: "f32" }, layers };
  const { static: fixed, stack, engine, ram } = memoryBudget(loadBoardConfig("mps2-nrf52832"), "wasm3");

  it.each([
    ["that is asked for", { train: "all" }],
    ["that is chosen", { budget: "1k" }],
  ])("is refused when it is planned, with every part of the board's RAM: one %s", (_, asked) => {
    const config = configOf({ model, fleet: [{ board: "virtual-256k" }, { board: "mps2-nrf52832", ...asked }] });
    const parts = `mps2-nrf52832 has ${ram} bytes of RAM: ${fixed} static, ${stack} of native stack, ${engine} for the wasm3 engine`;
    expect(() => planFleet(config)).toThrow(parts);
    expect(() => planFleet(config)).toThrow(expect.objectContaining({ code: "plan-too-large" }));
  });

  it("is refused when its values are more than the flash is cut for, by the partitions' names", () => {
    const units = { name: "many", kind: "classifier", input: { shape: [8, 2], type: "f32" } };
    const many = {
      ...units,
      layers: [
        { kind: "dense", units: 1000 },
        { kind: "dense", units: 2 },
      ],
    };
    const config = configOf({ model: many, fleet: [{ board: "virtual-256k", train: "all" }] });
    expect(() => planFleet(config)).toThrow(/^virtual-256k: .*: slice \(76016 of 32640 bytes\), .*residual \(/);
    expect(() => planFleet(config)).toThrow(expect.objectContaining({ code: "plan-too-large" }));
    const [part] = planFleet(configOf({ model: many, fleet: [{ board: "virtual-256k", budget: "200k" }] }));
    expect(part!.plan.sliceCount * 4).toBeLessThan(32640);
  });

  it("is refused when its updates fit as int8 but not as f32, which is four times as long", () => {
    const layers = [{ kind: "dense", units: 250 }];
    const model = { name: "wide", kind: "classifier", input: { shape: [15], type: "f32" }, layers };
    const fleet = [{ board: "virtual-256k", train: "all" }];
    const [part] = planFleet(configOf({ model, fleet }));
    expect(part!.plan.sliceCount).toBe(4000);
    expect(() => planFleet(configOf({ model, fleet, training: { encoding: "f32" } }))).toThrow(
      /^virtual-256k: the plan's blobs do not fit their flash partitions: update \(16044 of 12160 bytes\); train less/,
    );
    const chosen = planFleet(
      configOf({ model, fleet: [{ board: "virtual-256k", budget: "200k" }], training: { encoding: "f32" } }),
    );
    expect(chosen[0]!.plan.sliceCount * 4).toBeLessThan(12160 - 44);
  });

  it("of the CIFAR-10 network there is none: a board of 256 KiB has RAM and flash for all of it, one of 64 KiB for half of its last convolution and the head", () => {
    const all = { board: "virtual-256k", train: "all" };
    const part = [
      { layer: 4, bias: true, weights: Array.from({ length: 10 }, (_, i) => i) },
      { layer: 6, bias: true, weights: "all" },
    ];
    const data = { kind: "cifar10", path: "." };
    const [large, small] = planFleet(
      resolveConfig(
        { name: "c", model: "cifar-cnn", data, fleet: [all, { board: "virtual-64k", train: part }] },
        "the test's config",
      ),
    );
    expect(large!.plan.sliceCount).toBe(large!.plan.parameterCount);
    expect(small!.plan.selection.map((s) => s.layer)).toEqual([4, 6]);
  });

  it("is planned where the board has room", () => {
    expect(planFleet(configOf({ model, fleet: [{ board: "virtual-256k", train: "all" }] }))).toHaveLength(1);
  });
});
