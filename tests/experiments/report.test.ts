import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../host/build/root.ts";
import { partOf } from "../bench/device/report.ts";
import { goalsText } from "./report.ts";

describe("the committed report", () => {
  it("says of the goals what its figures say", () => {
    expect(partOf(readFileSync(join(root, "docs/results/headline.md"), "utf8"), "goals")).toBe(goalsText());
  });
});
