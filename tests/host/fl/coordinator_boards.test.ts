// Boards that are not as they should be, and what the user is told of them: each case is a run of the real coordinator and store with test
// boards that train, disturbed in one way.

import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fedavg } from "../../../host/fl/fedavg.ts";
import type { FleetEvent } from "../../../host/fl/fleet.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { packFrozen } from "../../../host/plan/frozen.ts";
import { decodeUpdateHeader, encodeUpdateHeader, UpdateHeaderBytes } from "../../../host/wire/spec.gen.ts";
import { recorded } from "./recorded_run.ts";
import { neverOrdered, type ScriptedFleet } from "./scripted_fleet.ts";
import { normalisation, plans, type Session, type SessionOptions, session, TestRun } from "./session.ts";

const realTime: Pick<SessionOptions, "deterministic" | "lostAfterSeconds"> = {
  deterministic: false,
  lostAfterSeconds: 0.05,
};
const notices = ({ events }: Session) => events.flatMap((e) => (e.type === "notice" ? [e.text] : []));
const verdictsOn = (fleet: ScriptedFleet, board: string, task: number) =>
  fleet.verdicts.filter((v) => v.board === board && v.task === task).map((v) => v.verdict);

/** The first update that a session sees, and what to do right before it is delivered. */
function atFirstUpdate(work: (event: Extract<FleetEvent, { type: "update" }>) => void): (event: FleetEvent) => void {
  let done = false;
  return (event) => {
    if (done || event.type !== "update") return;
    done = true;
    work(event);
  };
}

describe("an update that nobody asked for", () => {
  it("is rejected when it claims a task that was never ordered, and is not stored", async () => {
    const run = new TestRun(["large", "large"]);
    let fleet: ScriptedFleet | undefined;
    const before = atFirstUpdate(({ board, bytes }) => {
      const header = { ...decodeUpdateHeader(bytes), task: neverOrdered };
      const forged = Buffer.concat([encodeUpdateHeader(header), bytes.subarray(UpdateHeaderBytes)]);
      fleet!.emit({ type: "update", board, task: neverOrdered, bytes: forged });
    });
    const options = { strategy: ftte({ buffer: 2 }), script: { seed: 1, before }, stop: { versions: 2 } };
    const result = await session(run, { ...options, onFleet: (f) => (fleet = f) });
    const forged = result.fleet.verdicts.filter((v) => v.task === neverOrdered);
    expect(forged).toMatchObject([{ verdict: "rejected" }]);
    expect(result.summary!.updates).toMatchObject({ rejected: 0, duplicates: 0, lost: 0 });
    expect(recorded(run.path).tasks.some((t) => t.task === neverOrdered)).toBe(false);
    expect(notices(result)).toEqual([
      expect.stringMatching(/^wrist-\d sent an update of a task that this run never gave it/),
    ]);
  });

  it("is counted, and answered once, when it repeats one that is just being committed", async () => {
    const run = new TestRun(["large", "large"]);
    let fleet: ScriptedFleet | undefined;
    let first: { board: string; task: number } | undefined;
    const before = atFirstUpdate((event) => {
      first = event;
      for (let i = 0; i < 3; i++) fleet!.emit(event);
    });
    const options = { strategy: ftte({ buffer: 2 }), script: { seed: 2, before }, stop: { versions: 2 } };
    const result = await session(run, { ...options, onFleet: (f) => (fleet = f) });
    expect(result.summary!.updates).toMatchObject({ folded: 4, duplicates: 3, rejected: 0, lost: 0 });
    expect(verdictsOn(result.fleet, first!.board, first!.task)).toEqual(["accepted"]);
    const again = await session(run, { ...options, script: { seed: 2 }, stop: { versions: 3 } });
    expect(again.summary!.updates.duplicates).toBe(3); // counted since the run began
  });
});

describe("a board that keeps failing", () => {
  it.each(["refuse", "invalid"] as const)(
    "is set aside after three orders in a row (%s), and the run goes on",
    async (answer) => {
      const run = new TestRun(["large", "large", "small"]);
      const script = { seed: 3, answer: (board: string) => (board === "board-1" ? answer : "update") };
      const result = await session(run, { ...realTime, strategy: ftte({ buffer: 2 }), script, stop: { versions: 6 } });
      expect(result.fleet.dispatched.filter((o) => o.board === "board-1")).toHaveLength(3);
      expect(result.summary!.updates).toMatchObject({ folded: 12, rejected: 3, lost: 0 });
      expect(notices(result)).toContainEqual(
        expect.stringMatching(/^wrist-1 failed 3 tasks in a row and gets no more/),
      );
      const again = await session(run, {
        ...realTime,
        strategy: ftte({ buffer: 2 }),
        script: { seed: 4 },
        stop: { versions: 9 },
      });
      expect(again.fleet.dispatched.filter((o) => o.board === "board-1").length).toBeGreaterThan(0); // asked again
    },
  );

  it("is not set aside when it succeeds in between", async () => {
    const run = new TestRun(["large", "large"]);
    const answer = (board: string, task: number) => (board === "board-0" && task % 3 > 0 ? "refuse" : "update");
    const result = await session(run, {
      strategy: ftte({ buffer: 2 }),
      script: { seed: 5, answer },
      stop: { versions: 8 },
    });
    expect(result.summary!.updates.rejected).toBeGreaterThan(6);
    expect(notices(result).some((text) => text.includes("gets no more"))).toBe(false);
  });

  it("does not hold up a synchronous round", async () => {
    for (const deterministic of [true, false]) {
      const run = new TestRun(["large", "large", "large"]);
      // board-2 fails when the others have reported: with its third failure there is nobody left to wait for.
      let reported = 0;
      const answer = (board: string) => (board !== "board-2" ? "update" : reported < 2 ? "silence" : "refuse");
      const result = await session(run, {
        strategy: fedavg(),
        deterministic,
        script: { seed: 6, answer },
        stop: { versions: 3 },
        on(event) {
          if (event.type === "board" && event.activity === "waiting") reported++;
        },
      });
      expect(result.summary!.updates).toMatchObject({ folded: 6, rejected: 3, lost: 0 });
    }
  });

  it("ends the run when every board does, and keeps what was accepted", async () => {
    const run = new TestRun(["large", "large"]);
    const answer = (_board: string, task: number) => (task === 1 ? "update" : "refuse");
    const script = { seed: 7, answer } as const;
    await expect(session(run, { strategy: ftte({ buffer: 9 }), script })).rejects.toMatchObject({
      code: "board-lost",
      message: expect.stringMatching(/every board fails its tasks; the last one: board-\d: diverged/),
    });
    const states = recorded(run.path).tasks.map((t) => t.state);
    expect(states.filter((s) => s === "arrived")).toHaveLength(2);
    expect(states.filter((s) => s === "rejected")).toHaveLength(6);
  });
});

describe("a board without samples", () => {
  const soon = { ...realTime, emptyRetrySeconds: 0.005 };

  it("is asked again however often it was empty, and counts as soon as it is not", async () => {
    const run = new TestRun(["large", "large"]);
    const answer = (board: string, task: number) => (board === "board-0" ? "silence" : task < 7 ? "empty" : "update");
    const script = { seed: 11, answer } as const;
    const result = await session(run, { ...soon, strategy: ftte({ buffer: 1 }), script, stop: { versions: 1 } });
    expect(result.summary!.updates).toMatchObject({ folded: 1, rejected: 6, lost: 0 });
    expect(notices(result).some((text) => text.includes("gets no more"))).toBe(false);
  });

  it("holds no synchronous round up", async () => {
    const run = new TestRun(["large", "large", "large"]);
    const script = { seed: 12, answer: (board: string) => (board === "board-1" ? "empty" : "update") } as const;
    const result = await session(run, { ...soon, strategy: fedavg(), script, stop: { versions: 4 } });
    expect(result.summary!.updates).toMatchObject({ folded: 8, lost: 0 });
  });

  it("does not end the run when all are: somebody may put one on", async () => {
    const run = new TestRun(["large", "large"]);
    const answer = (_board: string, task: number) => (task < 5 ? "empty" : "update");
    const result = await session(run, {
      ...soon,
      strategy: fedavg(),
      script: { seed: 13, answer },
      stop: { versions: 2 },
    });
    expect(result.summary!.updates.folded).toBeGreaterThanOrEqual(2);
  });
});

describe("a board that goes out of reach", () => {
  const silentUntil = (isBack: () => boolean) => (board: string) =>
    board === "board-1" && !isBack() ? "silence" : "update";

  it("holds nobody up in a semi-asynchronous run", async () => {
    const run = new TestRun(["large", "large", "small"]);
    const script = { seed: 8, answer: silentUntil(() => false) } as const;
    const result = await session(run, { ...realTime, strategy: ftte({ buffer: 2 }), script, stop: { versions: 6 } });
    expect(result.summary!.updates).toMatchObject({ folded: 12, lost: 0 });
  });

  it("leaves a synchronous round when it is lost, the user is told, and it joins again when it is back", async () => {
    const run = new TestRun(["large", "large", "large"]);
    let back = false;
    const script = { seed: 9, answer: silentUntil(() => back) } as const;
    const result = await session(run, {
      ...realTime,
      strategy: fedavg(),
      script,
      stop: { versions: 6 },
      on(event, fleet) {
        if (event.type === "board" && event.activity === "waiting" && event.board === "board-0" && !back)
          fleet.emit({ type: "offline", board: "board-1", reason: "unplugged" });
        if (event.type !== "version" || event.version !== 3) return;
        back = true;
        setImmediate(() => fleet.emit({ type: "online", board: "board-1", hello: {} as never, address: "" }));
      },
    });
    expect(notices(result)).toEqual([
      "wrist-1 has been out of reach for 0.05 s; the run goes on without it until it is back",
      "wrist-1 is back",
    ]);
    const { tasks } = recorded(run.path);
    const of = (version: number) => tasks.filter((t) => t.foldedIn === version).map((t) => t.board);
    for (const version of [1, 2, 3]) expect(of(version).sort()).toEqual(["board-0", "board-2"]);
    const late = tasks.find((t) => t.board === "board-1" && t.baseVersion === 0)!;
    expect(late.foldedIn).toBeGreaterThan(3); // acknowledged, so it counts, late as it is
    expect(of(6).sort()).toEqual(["board-0", "board-1", "board-2"]);
  });

  it("is lost too when it was never there, and not when it comes back in time", async () => {
    const run = new TestRun(["large", "large"]);
    const script = { seed: 10, absent: ["board-1"], answer: silentUntil(() => false) } as const;
    const result = await session(run, { ...realTime, strategy: fedavg(), script, stop: { versions: 2 } });
    expect(notices(result)).toHaveLength(1);
    const quick = new TestRun(["large", "large"]);
    const flicker = await session(quick, {
      ...realTime,
      lostAfterSeconds: 30,
      strategy: fedavg(),
      script: { seed: 10, noise: 1 },
      stop: { versions: 4 },
    });
    expect(notices(flicker).filter((text) => text.includes("out of reach"))).toEqual([]);
  });

  it("is waited for by the deterministic schedule, and the user is told that it is", async () => {
    const run = new TestRun(["large", "large"]);
    let back = false;
    const script = { seed: 11, absent: ["board-1"], answer: silentUntil(() => back) } as const;
    const result = await session(run, {
      ...realTime,
      deterministic: true,
      strategy: ftte({ buffer: 2 }),
      script,
      stop: { versions: 2 },
      on(event) {
        if (event.type === "notice") back = true;
      },
    });
    expect(notices(result)).toEqual([
      "wrist-1 has been out of reach for 0.05 s; the deterministic schedule waits for it: is it powered?",
    ]);
    expect(result.summary!.reason).toBe("versions");
  });

  it("counts with what it had sent, when it is no longer part of the fleet", async () => {
    const run = new TestRun(["large", "large", "large"]);
    const options: SessionOptions = { strategy: ftte({ buffer: 3 }), script: { seed: 12 }, stop: { versions: 2 } };
    // Killed when the slowest board's update is durable and not yet in the buffer: it has to wait for its turn in the schedule.
    let killed = false;
    for (let killAt = 1; !killed; killAt++) {
      const fresh = new TestRun(["large", "large", "large"]);
      await session(fresh, { ...options, killAt });
      const waits = recorded(fresh.path).tasks.find((t) => t.board === "board-2");
      killed = waits?.state === "sent" && waits.bytes !== null;
      if (killed) Object.assign(run, fresh);
    }
    run.setups.splice(2, 1);
    run.boards.splice(2, 1);
    const { summary } = await session(run, { ...options, stop: { versions: 6 } });
    expect(summary!.updates.lost).toBe(0);
    const kept = recorded(run.path).tasks.filter((t) => t.board === "board-2");
    expect(kept).toMatchObject([{ task: 1, state: "folded" }]);
  });
});

describe("frozen weights", () => {
  const refreshFrozenEvery = 2;

  /** Every order names the image of the version that the schedule says, packed here from the stored models. */
  async function expectImages(run: TestRun, fleets: ScriptedFleet[]): Promise<number> {
    const { tasks, models } = recorded(run.path);
    const small = plans.get("small")!;
    let refreshed = 0;
    for (const board of ["board-0", "board-1"]) {
      let held = 0;
      for (const task of tasks.filter((t) => t.board === board).sort((a, b) => a.task - b.task)) {
        if (task.baseVersion - held >= refreshFrozenEvery) held = task.baseVersion;
        if (held === task.baseVersion && held > 0) refreshed++;
        expect(task.frozenVersion, `${board}, task ${task.task}`).toBe(held);
        const crc = crc32(packFrozen(small, models[held]!, normalisation));
        for (const order of fleets.flatMap((f) => f.dispatched))
          if (order.board === board && order.task === task.task)
            expect(order.required.find((blob) => blob.kind === "frozen")!.crc).toBe(crc);
      }
    }
    return refreshed;
  }

  it("are sent anew to boards that do not train them, every so many versions, also through restarts", async () => {
    const run = new TestRun(["small", "small", "large"]);
    const fleets: ScriptedFleet[] = [];
    for (let attempt = 0; ; attempt++) {
      const options: SessionOptions = {
        strategy: ftte({ buffer: 2 }),
        refreshFrozenEvery,
        script: { seed: 13 + attempt },
        stop: { versions: 9 },
      };
      const result = await session(run, { ...options, killAt: 12 + 7 * attempt });
      fleets.push(result.fleet);
      if (result.summary) break;
    }
    expect(fleets.length).toBeGreaterThan(3);
    expect(await expectImages(run, fleets)).toBeGreaterThan(5);
    expect(run.boards[0]!.frozenSent.size).toBeGreaterThan(2); // and the bytes really went out
  });

  it("are remembered of a board that has no order when the host stops", async () => {
    const run = new TestRun(["small", "small", "large"]);
    // board-1 fails as soon as it holds the image of a later version, is set aside, and has no unfinished order then.
    const answer = (board: string, task: number) => (board === "board-1" && task > 3 ? "refuse" : "update");
    const options: SessionOptions = {
      strategy: ftte({ buffer: 2 }),
      refreshFrozenEvery,
      script: { seed: 20, answer },
      stop: { versions: 12 },
    };
    const first = await session(run, options);
    expect(notices(first).some((text) => text.startsWith("wrist-1 failed 3 tasks"))).toBe(true);
    const second = await session(run, { ...options, script: { seed: 21 }, stop: { versions: 17 } });
    expect(await expectImages(run, [first.fleet, second.fleet])).toBeGreaterThan(5);
  });
});

describe("the end of a run", () => {
  const options: SessionOptions = { strategy: ftte({ buffer: 2 }), script: { seed: 30 }, stop: { versions: 2 } };

  it("comes at its time, and not at once when that is more than a timer can count", async () => {
    const month = await session(new TestRun(["large", "large"]), { ...options, stop: { versions: 2, seconds: 3e6 } });
    expect(month.summary!.reason).toBe("versions");
    const moment = await session(new TestRun(["large", "large"]), { ...options, stop: { seconds: 0.2 } });
    expect(moment.summary!.reason).toBe("time");
  });

  it("comes with the accuracy that was asked for, and the last version is measured", async () => {
    let measured = 0;
    const evaluate = async () => ({ accuracy: ++measured / 10, loss: 1 });
    const result = await session(new TestRun(["large", "large"]), { ...options, evaluate, stop: { accuracy: 0.35 } });
    expect(result.summary!.reason).toBe("accuracy");
    const evaluations = result.events.filter((e) => e.type === "evaluation");
    expect(evaluations.at(-1)).toMatchObject({ version: result.summary!.version });
  });

  it("is an error when a measurement fails, with its cause, also the last one", async () => {
    for (const failsAt of [1, 2, 3]) {
      let measured = 0;
      const evaluate = async () => {
        if (++measured === failsAt) throw new Error("the worker died");
        return { accuracy: 0, loss: 0 };
      };
      const versions = failsAt === 3 ? 2 : 20;
      const running = session(new TestRun(["large", "large"]), { ...options, evaluate, stop: { versions } });
      await expect(running).rejects.toThrow("the worker died");
    }
  });

  it("leaves no timer behind when the fleet cannot be opened", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const running = session(new TestRun(["large"]), {
      ...options,
      stop: { seconds: 1000 },
      onFleet: (fleet) => (fleet.open = () => Promise.reject(new Error("no permission"))),
    });
    await expect(running).rejects.toThrow("no permission");
    expect(timers()).toBe(before);
  });
});
