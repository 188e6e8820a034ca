import { describe, expect, it } from "vitest";
import { chipIdText, firmwareText, parseChipId, stateText } from "../../../host/boards/identity.ts";

describe("a board's identity", () => {
  it("is the same chip however its padding is written", () => {
    for (const id of ["a0", "a000", `a0${"00".repeat(15)}`, "A0"]) expect(chipIdText(parseChipId(id))).toBe("a0");
    expect(chipIdText(parseChipId("00a000b1"))).toBe("00a000b1");
    expect(chipIdText(new Uint8Array(16))).toBe("00");
  });

  it.each(["", "a", "xy", "0x12", "a".repeat(34)])("refuses %j as a chip id", (text) => {
    expect(() => parseChipId(text)).toThrow(/not a chip id/);
  });

  it("has readable versions and states", () => {
    expect(firmwareText(0x010203)).toBe("1.2.3");
    expect([0, 1, 2, 3, 9].map(stateText)).toEqual(["idle", "receiving", "training", "reporting", "unknown"]);
  });
});
