// `ftte doctor` on this machine: ready, as the tests that run virtual boards here prove; and not ready where no compiler is on the PATH.

import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { ftte, ftteText, resultOf } from "./project.ts";

type Findings = { name: string; state: string; mend?: string }[];

it("finds this machine ready, and says what it looked at", async () => {
  const outcome = await ftte(tmpdir(), ["doctor"]);
  const { ready, findings } = resultOf(outcome) as { ready: boolean; findings: Findings };
  expect([outcome.status, ready], JSON.stringify(findings)).toEqual([0, true]);
  const looked = [
    "Node.js",
    "npm package better-sqlite3",
    "C compiler",
    "make",
    "compiler of port nrf52",
    "clock",
    "Bluetooth",
  ];
  expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(looked));
});

it("ends with status 1 where virtual boards could not be built, with one line that mends it", async () => {
  const outcome = await ftte(tmpdir(), ["doctor"], { PATH: "/nonexistent" });
  expect(outcome.status).toBe(1);
  const { ready, findings } = resultOf(outcome) as { ready: boolean; findings: Findings };
  expect(ready).toBe(false);
  const failed = findings.filter(({ state }) => state === "failed").map(({ name }) => name);
  expect(failed).toEqual(["C compiler", "make", "flock"]);
  const mend = findings.find(({ name }) => name === "C compiler")!.mend;
  expect(mend).toBe("sudo apt-get update && sudo apt-get install -y gcc libc6-dev");
});

it("tells people the same", () => {
  const { status, stdout } = ftteText(tmpdir(), ["doctor"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ok +Node\.js +\d+\./m);
  expect(stdout).toMatch(/virtual boards can run here/);
});
