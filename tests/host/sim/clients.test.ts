// The population's promises: draws that depend on nothing but seed, client and task; durations as the formula says; presence with the asked
// means; a straggler slower by what was asked.

import { describe, expect, it } from "vitest";
import type { OrderFacts } from "../../../host/fl/schedule.ts";
import { byRareLabels, type ClientModel, clientSchedule, clientSpeeds } from "../../../host/sim/clients.ts";

const model: ClientModel = {
  stepsPerSecond: new Map([
    ["small", 50],
    ["large", 25],
  ]),
  bytesPerSecond: 1000,
  latencySeconds: 0.5,
  jitter: 0,
};
const order = (more: Partial<OrderFacts> = {}): OrderFacts => {
  return { board: "b", index: 3, speed: 1, class: "small", task: 1, steps: 100, bytesDown: 700, bytesUp: 300, ...more };
};
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;

describe("an order's duration", () => {
  it("is latency, bytes at the link's rate and steps at the class's, all slowed down together", () => {
    const { finish } = clientSchedule(model, 1);
    expect(finish(order(), 10)).toBeCloseTo(10 + 0.5 + 1 + 2, 9);
    expect(finish(order({ class: "large" }), 10)).toBeCloseTo(10 + 0.5 + 1 + 4, 9);
    expect(finish(order({ speed: 0.1 }), 10)).toBeCloseTo(10 + 35, 9);
    expect(() => finish(order({ class: "unknown" }), 0)).toThrow(/unknown/);
  });

  it("varies evenly by the jitter, from task to task and always the same for the same one", () => {
    const { finish } = clientSchedule({ ...model, jitter: 0.2 }, 1);
    const durations = Array.from({ length: 4000 }, (_, task) => finish(order({ task }), 0) / 3.5);
    expect(Math.min(...durations)).toBeGreaterThan(0.8);
    expect(Math.max(...durations)).toBeLessThan(1.2);
    expect(mean(durations)).toBeCloseTo(1, 2);
    expect(mean(durations.map((d) => (d - 1) ** 2))).toBeCloseTo(0.4 ** 2 / 12, 3);
    expect(finish(order({ task: 77 }), 0) / 3.5).toBe(durations[77]);
  });

  it("grows by a reboot and the steps since the checkpoint where the power fails", () => {
    const cuts: ClientModel = { ...model, powerCuts: 0.25, checkpointEvery: 20, rebootSeconds: 3 };
    const { finish } = clientSchedule(cuts, 1);
    const extra = Array.from({ length: 4000 }, (_, task) => finish(order({ task }), 0) - 3.5);
    const cut = extra.filter((e) => e > 0);
    expect(cut.length / 4000).toBeCloseTo(0.25, 1);
    expect(Math.min(...cut)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...cut)).toBeLessThanOrEqual(3 + 20 / 50);
    expect(mean(cut)).toBeCloseTo(3 + 10 / 50, 1);
  });

  it("grows by a charge at every so many orders of a client, each client's at other ones", () => {
    const charged: ClientModel = {
      ...model,
      battery: { orders: 8, chargeSeconds: 900 },
      checkpointEvery: 20,
      rebootSeconds: 3,
    };
    const { finish } = clientSchedule(charged, 1);
    const empty = (index: number) =>
      Array.from({ length: 40 }, (_, i) => i + 1).filter((task) => finish(order({ index, task }), 0) > 900);
    const clients = Array.from({ length: 200 }, (_, index) => empty(index));
    for (const tasks of clients) {
      expect(tasks).toHaveLength(5);
      expect(new Set(tasks.map((task) => task % 8)).size).toBe(1);
    }
    for (let first = 1; first <= 8; first++)
      expect(clients.filter(([task]) => task === first).length).toBeGreaterThan(10); // 25 of 200
    const extra = clients.map(([task], index) => finish(order({ index, task: task! }), 0) - 3.5 - 900);
    expect(Math.min(...extra)).toBeGreaterThanOrEqual(3);
    expect(Math.max(...extra)).toBeLessThanOrEqual(3 + 20 / 50);
    const slow = finish(order({ index: 0, task: clients[0]![0]!, speed: 0.1 }), 0);
    expect(slow).toBeGreaterThan(900 + 10 * 6.5);
    expect(slow).toBeLessThan(900 + 10 * 7);
  });

  it("of a lost update is what the host waits for it", () => {
    const lossy = { ...model, lost: 0.1, patienceSeconds: 60 };
    const schedule = clientSchedule(lossy, 1);
    const lost = Array.from({ length: 5000 }, (_, task) => order({ task })).filter((o) => schedule.isLost(o));
    expect(lost.length / 5000).toBeCloseTo(0.1, 1);
    for (const o of lost) expect(schedule.finish(o, 0)).toBeCloseTo(63.5, 9);
  });
});

describe("presence", () => {
  const churn = { onSeconds: 100, offSeconds: 50 };
  const { reachable, finish } = clientSchedule({ ...model, churn }, 1);

  it("is on for two thirds of the time if it is on for twice as long as off", () => {
    let on = 0;
    for (let client = 0; client < 200; client++)
      for (let t = 0; t < 5000; t += 25) if (reachable(client, t) === t) on++;
    expect(on / (200 * 200)).toBeCloseTo(2 / 3, 1);
  });

  it("is a function of client and time, in whatever order it is asked", () => {
    const again = clientSchedule({ ...model, churn }, 1).reachable;
    const asked = Array.from({ length: 300 }, (_, i) => [i % 7, (i * 7919) % 3000] as const);
    const first = asked.map(([client, now]) => reachable(client, now));
    expect(asked.toReversed().map(([client, now]) => again(client, now))).toEqual(first.toReversed());
  });

  it("says when a client is back: then it is, and until then it is not", () => {
    for (let client = 0; client < 50; client++)
      for (let t = 0; t < 1000; t += 37) {
        const back = reachable(client, t);
        expect(back).toBeGreaterThanOrEqual(t);
        expect(reachable(client, back)).toBe(back);
        if (back > t) expect(reachable(client, t + (back - t) * 0.999)).toBe(back);
      }
  });

  it("lets an update arrive no earlier than its client can be reached", () => {
    for (let task = 0; task < 200; task++) {
      const end = finish(order({ task, index: task % 20 }), task);
      expect(end).toBe(reachable(task % 20, task + 3.5));
    }
  });
});

describe("stragglers", () => {
  it("are so many, up to so much slower, evenly, and drawn by the seed", () => {
    const speeds = clientSpeeds(200, { share: 0.9, slowdown: 20 }, 1);
    const slow = speeds.filter((s) => s < 1).map((s) => 1 / s);
    expect(slow).toHaveLength(180);
    expect(Math.max(...slow)).toBeLessThan(20);
    expect(mean(slow)).toBeCloseTo(1 + 19 / 2, 6);
    expect(clientSpeeds(200, { share: 0.9, slowdown: 20 }, 1)).toEqual(speeds);
    expect(clientSpeeds(200, { share: 0.9, slowdown: 20 }, 2)).not.toEqual(speeds);
    expect(new Set(clientSpeeds(50, { share: 0, slowdown: 20 }, 1))).toEqual(new Set([1]));
  });

  it("are the last of an order where one is given, the last of all the slowest", () => {
    const speeds = clientSpeeds(4, { share: 0.5, slowdown: 3, order: [1, 3, 2, 0] }, 1);
    expect(speeds).toEqual([1 / 2.5, 1, 1 / 1.5, 1]);
  });

  it("that hold what is rare come last, by the share of their samples whose label is of the rarest third", () => {
    const often = [0, 0, 1, 1, 0, 1]; // of four labels, 3 and then 2 have the fewest samples
    const labels = [[...often, 2], [2, 2, 0], often, [3, 3], [], [2, 3]]; // shares 1/7, 2/3, 0, 1, nothing, 1
    expect(byRareLabels(labels)).toEqual([2, 4, 0, 1, 3, 5]);
  });
});
