// The list of errors and the page made of it, against what the sources throw and what the firmware's header numbers.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ErrorName, exitStatusOf } from "../../host/errors.ts";
import { root } from "../core/c_program.ts";

const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");

/** The page's entries: code → the text under its heading. */
const entries = new Map(
  read("docs/troubleshooting.md")
    .split(/^### /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf("\n")), part]),
);

const thrown = readdirSync(`${root}/host`, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) => [...read(`host/${path}`).matchAll(/FtteError\(\s*"([a-z-]+)"/g)].map(([, code]) => code!));
const numbered = [...read("firmware/core/spec.gen.h").matchAll(/FTTE_ERR_(\w+) = -/g)].map(([, name]) =>
  name!.toLowerCase().replaceAll("_", "-"),
);

describe("docs/troubleshooting.md", () => {
  it("has an entry for every error that the host throws or a board reports", () => {
    expect(new Set(thrown).size).toBeGreaterThan(20);
    expect(numbered.length).toBeGreaterThan(40);
    expect([...thrown, ...numbered].filter((code) => !entries.has(code))).toEqual([]);
  });

  it("says of each what it means, whence it comes and what helps", () => {
    const incomplete = [...entries].filter(
      ([, text]) =>
        !/^[A-Z].{8,} Exit status \d+\.$/m.test(text) ||
        !/^- Cause: .{12,}/m.test(text) ||
        !/^- Remedy: .{12,}/m.test(text),
    );
    expect(incomplete.map(([code]) => code)).toEqual([]);
  });
});

it("gives each error the exit status that docs/cli.md promises", () => {
  const kinds: [status: number, codes: ErrorName[]][] = [
    [1, ["file-unreadable", "run-unknown", "plan-too-large", "guest-trap", "loss-not-finite"]],
    [2, ["usage", "config-invalid", "model-invalid", "data-invalid"]],
    [3, ["port-absent", "port-busy", "port-forbidden", "board-silent", "board-wrong", "board-lost"]],
    [4, ["store-locked", "store-corrupt", "store-full", "file-unwritable"]],
    [5, ["build-failed", "compiler-missing"]],
    [130, ["interrupted"]],
  ];
  for (const [status, codes] of kinds)
    for (const code of codes) expect([code, exitStatusOf(code)]).toEqual([code, status]);
});
