import { describe, expect, it } from "vitest";
import { Retransmit } from "../../../host/link/retransmit.ts";

describe("retransmission", () => {
  it("waits longer on a slow line", () => {
    const wait = (baudRate: number) => new Retransmit({ baudRate }, 960, () => 0).waitMs;
    expect(wait(9600)).toBe(2000);
    expect(wait(115_200)).toBeCloseTo((2 * 960 * 10 * 1000) / 115_200 + 200);
    expect(wait(921_600)).toBeLessThan(wait(115_200));
  });

  it("follows the round trip, doubles when late, and never waits past its patience", () => {
    let now = 0;
    const pace = new Retransmit({ patienceMs: 1000 }, 960, () => now);
    for (let i = 0; i < 40; i++) pace.useful(20);
    expect(pace.waitMs).toBeGreaterThan(60);
    expect(pace.waitMs).toBeLessThan(90);
    const before = pace.waitMs;
    expect(pace.late()).toBe(true);
    expect(pace.waitMs).toBeCloseTo(before * 2);
    now = 950;
    expect(pace.waitMs).toBe(50);
    now = 1000;
    expect(pace.late()).toBe(false);
    pace.useful();
    expect(pace.spent).toBe(false);
  });
});
