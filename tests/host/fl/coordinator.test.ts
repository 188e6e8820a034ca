// The coordinator with the real store and boards that train with the real kernels: what a run comes to must not depend on when boards answer,
// how often they repeat themselves or what else they send, nor on where the host was killed; and every model must be what the formula makes
// of the updates that the file says were folded.

import { describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { ca2fl } from "../../../host/fl/ca2fl.ts";
import { fedasync } from "../../../host/fl/fedasync.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { fedbuff } from "../../../host/fl/fedbuff.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import type { ServerOptions } from "../../../host/fl/server_options.ts";
import { stableRate } from "../../../host/fl/stability.ts";
import type { Strategy } from "../../../host/fl/strategy.ts";
import { places } from "../plan/bench.ts";
import { type Formula, type Recorded, recalibrated, recomputed, recorded, type Weighed } from "./recorded_run.ts";
import { type Answer, neverOrdered } from "./scripted_fleet.ts";
import { plans, type Session, type SessionOptions, session, TestRun } from "./session.ts";

const sweeping = !!process.env.FTTE_SWEEP;
const classes = ["small", "large", "small", "large"];

/** A sixth of the tasks is refused, a sixth gives an invalid update; never three in a row, at which a board would be set aside. */
function moody(board: string, task: number): Answer {
  const draw = (Number(board.slice(-1)) * 7 + task * 5) % 6;
  if (draw === 0) return "refuse";
  return draw === 3 ? "invalid" : "update";
}

const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
const byAge = ({ staleness }: { staleness: number }) => 1 / Math.sqrt(1 + staleness);
const late = ({ staleness }: Weighed) => ({ age: staleness, weight: byAge({ staleness }) });
/** Of the latest updates, an even part of the boards' over this one's; 4 at most. These runs have no more than are remembered. */
const byShare = ({ board }: Weighed, latest: readonly Weighed[]) => {
  const boards = new Set(latest.map((u) => u.board)).size;
  return Math.min(4, latest.length / boards / latest.filter((u) => u.board === board).length);
};
/** The share of the boards that train a coordinate. */
const coverage = (boards: ReadonlyMap<string, string>, coordinate: number) => {
  const trains = [...boards.values()].filter((name) => places(plans.get(name)!).includes(coordinate));
  return trains.length / boards.size;
};
const bySamples = ({ samples }: { samples: number }) => samples;

/** Between the norms of these boards' updates: some are longer, some not. */
const clipNorm = 0.25;

interface Row {
  name: string;
  strategy: () => Strategy;
  versions: number;
  server?: ServerOptions;
  /** Every model of a run but the first, from its file. */
  judge: (file: Recorded, classes: ReadonlyMap<string, string>) => Float64Array[];
}
const formula =
  (of: Formula): Row["judge"] =>
  (file, boards) =>
    recomputed(file, (board) => boards.get(board)!, of);

const strategies: Row[] = [
  {
    name: "ftte",
    strategy: () => ftte({ buffer: 3 }),
    versions: 4,
    judge: formula({ weight: byAge, divisor: () => 3 }),
  },
  {
    name: "ftte, divided by as many updates as are to be expected,",
    strategy: () => ftte({ buffer: 3, divisor: "expected" }),
    versions: 4,
    judge: (file, boards) =>
      formula({ weight: byAge, divisor: (_, c) => 3 * Math.max(1 / 2, coverage(boards, c)) })(file, boards),
  },
  {
    name: "ftte, whose step is what the updates' ages allow,",
    strategy: () => ftte({ buffer: 2, serverLearningRate: 100 }),
    versions: 8,
    judge: formula({
      weight: byAge,
      divisor: () => 2,
      rate: (latest) => stableRate(latest.slice(-102).map(late), 100),
    }),
  },
  {
    name: "ftte, whose boards have even shares,",
    strategy: () => ftte({ buffer: 2, share: "boards" }),
    versions: 12,
    judge: formula({
      weight: (update, latest) => byAge(update) * byShare(update, latest),
      divisor: () => 2,
      rate: (latest) =>
        stableRate(
          latest.map((u) => ({ age: u.staleness, weight: byAge(u) * byShare(u, latest) })),
          1,
        ),
    }),
  },
  {
    name: "ftte, whose boards take turns by time,",
    strategy: () => ftte({ buffer: 1, concurrency: 3, turns: "time" }),
    versions: 12,
    judge: formula({ weight: byAge, divisor: () => 1 }),
  },
  {
    name: "fedbuff",
    strategy: () => fedbuff({ buffer: 4, concurrency: 3 }),
    versions: 4,
    judge: formula({ weight: byAge, divisor: () => 4 }),
  },
  {
    name: "ca2fl",
    strategy: () => ca2fl({ buffer: 3, serverLearningRate: 1 }),
    versions: 5,
    judge: recalibrated,
  },
  {
    name: "fedasync",
    strategy: () => fedasync({ mixing: 0.5 }),
    versions: 12,
    judge: formula({
      weight: (update) => 0.5 * byAge(update),
      divisor: () => 1,
      change: ({ delta, base, w }) => base + delta - w,
    }),
  },
  {
    name: "fedavg",
    strategy: () => fedavg(),
    versions: 4,
    judge: formula({ weight: bySamples, divisor: total }),
  },
  {
    name: "fedavg, clipped, averaged and filtered,",
    strategy: () => fedavg(),
    versions: 4,
    server: { clipNorm, averaging: 0.7, filter: { kind: "norm", factor: 1.2 } },
    judge: formula({ weight: bySamples, divisor: total, clipNorm, factor: 1.2 }),
  },
];

async function finished(
  run: TestRun,
  options: SessionOptions,
): Promise<Session & { summary: NonNullable<Session["summary"]> }> {
  const result = await session(run, options);
  expect(result.summary?.reason).toBe("versions");
  return result as never;
}

/** Every accepted update is in the file and every folded one was accepted; each model follows from the one before. */
function expectSound(run: TestRun, file: Recorded, judge: Row["judge"]): void {
  const models = judge(file, new Map(run.setups.map((s) => [s.id, s.class])));
  models.forEach((expected, i) => {
    file.models[i + 1]!.forEach((w, c) => {
      expect(Math.abs(w - expected[c]!), `version ${i + 1}, parameter ${c}`).toBeLessThan(1e-5);
    });
  });
  expect(file.models.length).toBeGreaterThan(1);
  expect(new Set(file.models.map((m) => m.join())).size).toBe(file.models.length);
}

/** What the fleet was told must fit what it sent: the board's own answer decides, not when or how often it came. */
function expectVerdicts({ fleet }: Session): void {
  for (const { board, task, verdict } of fleet.verdicts) {
    const good = task < neverOrdered - 1 && moody(board, task) === "update";
    expect(`${board}/${task} ${verdict}`).toBe(`${board}/${task} ${good ? "accepted" : "rejected"}`);
  }
}

/** Counts as the file has them, which is where a resumed run takes them from. */
function counted(file: Recorded): { folded: number; leftOut: number; rejected: number } {
  const of = (state: string) => file.tasks.filter((t) => t.state === state).length;
  const leftOut = file.tasks.filter((t) => t.state === "folded" && t.reason !== null).length;
  return { folded: of("folded"), leftOut, rejected: of("rejected") };
}

describe.each(strategies)("$name under the deterministic schedule", ({ strategy, versions, server, judge }) => {
  const options = (seed: number, noise: number): SessionOptions => {
    const script = { seed, noise, answer: moody };
    return { strategy: strategy(), script, stop: { versions }, ...(server && { server }) };
  };
  const quiet = (async () => {
    const run = new TestRun(classes);
    const { summary, points } = await finished(run, options(1, 0));
    return { run, file: recorded(run.path), summary, points };
  })();

  it("makes each model of the updates that it folded, as the formula says", async () => {
    const { run, file, summary } = await quiet;
    expectSound(run, file, judge);
    expect(summary.updates).toEqual({ ...counted(file), duplicates: 0, lost: 0 });
    expect(summary.updates.rejected).toBeGreaterThan(2);
    expect(summary.updates.leftOut > 0).toBe(server?.filter !== undefined);
    if (!server?.averaging) expect(summary.parameters).toEqual(file.models.at(-1));
  });

  it.each([2, 3, 4, 5, 6])(
    "gives the same model whatever the order of events, with repeats and noise (seed %i)",
    async (seed) => {
      const expected = await quiet;
      const run = new TestRun(classes);
      const result = await finished(run, options(seed, 0.6));
      const file = recorded(run.path);
      expect(file.models).toEqual(expected.file.models);
      const { folded, leftOut, rejected } = expected.summary.updates;
      expect(result.summary.updates).toMatchObject({ folded, leftOut, rejected, lost: 0 });
      const told = result.events.filter((e) => e.type === "update");
      expect(told.filter((e) => e.outcome === "folded" && e.reason)).toHaveLength(leftOut);
      for (const outcome of ["folded", "rejected"] as const)
        expect(told.filter((e) => e.outcome === outcome)).toHaveLength(result.summary.updates[outcome]);
      expect(told.filter((e) => e.outcome === "duplicate")).toHaveLength(result.summary.updates.duplicates);
      expectVerdicts(result);
    },
  );

  it("gives the same model when the host is killed at any event of the fleet or step of the fold", {
    timeout: 300_000,
  }, async () => {
    const expected = await quiet;
    let kills = 0;
    for (let killAt = 1; killAt < expected.points; killAt += sweeping ? 1 : 13) {
      const run = new TestRun(classes);
      const first = await session(run, { ...options(1, 0), killAt }); // may end with fewer events than the session that was counted
      const { updates } = first.summary ?? (await finished(run, options(killAt, 0.3))).summary;
      expect(recorded(run.path).models, `killed at ${killAt}`).toEqual(expected.file.models);
      const { folded, leftOut, rejected } = expected.summary.updates;
      expect(updates).toMatchObject({ folded, leftOut, rejected, lost: 0 });
      if (!first.summary) kills++;
    }
    expect(kills).toBeGreaterThan(sweeping ? 50 : 4);
  });

  it("gives the same model when the host is killed again and again", { timeout: 300_000 }, async () => {
    const expected = await quiet;
    for (let seed = 1; seed <= (sweeping ? 60 : 2); seed++) {
      const random = seeded(seed * 1000);
      const run = new TestRun(classes);
      let kills = 0;
      for (let attempt = 0; ; attempt++) {
        const killAt = 1 + Math.floor(random() * 25);
        const { summary } = await session(run, { ...options(seed + attempt, 0.3), killAt });
        if (summary?.reason === "versions") break;
        kills++;
      }
      expect(kills).toBeGreaterThan(2);
      expect(recorded(run.path).models, `seed ${seed}`).toEqual(expected.file.models);
    }
  });
});

describe("a run without the deterministic schedule", () => {
  it.each([11, 12, 13])("folds every acknowledged update exactly once, whatever comes (seed %i)", async (seed) => {
    const run = new TestRun(classes);
    const random = seeded(seed);
    const accepted = new Set<string>();
    const options: SessionOptions = {
      strategy: ftte({ buffer: 3 }),
      deterministic: false,
      script: { seed, noise: 0.6, answer: moody },
      stop: { versions: 6 },
    };
    for (let attempt = 0; ; attempt++) {
      const script = { ...options.script, seed: seed + attempt };
      const result = await session(run, { ...options, script, killAt: 5 + Math.floor(random() * 40) });
      expectVerdicts(result);
      for (const v of result.fleet.verdicts) if (v.verdict === "accepted") accepted.add(`${v.board}/${v.task}`);
      if (result.summary) expect(result.summary.updates.lost).toBe(0);
      if (result.summary?.reason === "versions") break;
    }
    const file = recorded(run.path);
    expectSound(run, file, strategies[0]!.judge);
    const kept = file.tasks.filter((t) => t.bytes && t.state !== "rejected").map((t) => `${t.board}/${t.task}`);
    expect(kept).toEqual(expect.arrayContaining([...accepted]));
    for (let v = 1; v < file.models.length; v++) expect(file.tasks.filter((t) => t.foldedIn === v)).toHaveLength(3);
  });
});
