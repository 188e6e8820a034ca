// Completion as shells do it: the scripts that `ftte completion` prints, read by bash, and by zsh and fish where they are installed.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, ftteText } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-completion-"));
beforeAll(() => {
  mkdirSync(join(folder, "state/ftte"), { recursive: true });
  const boards = { a1b2c3d4e5f60718: { name: "wrist-07" }, "0011223344556677": {} };
  writeFileSync(join(folder, "state/ftte/boards.json"), JSON.stringify({ boards }));
  writeFileSync(join(folder, "ftte"), `#!/bin/sh\nexec ${process.execPath} ${command} "$@"\n`);
  chmodSync(join(folder, "ftte"), 0o755);
  mkdirSync(join(folder, "here/curves"), { recursive: true });
  writeFileSync(join(folder, "here/ftte.config.ts"), "");
  for (const shell of ["bash", "zsh", "fish"])
    writeFileSync(join(folder, `ftte.${shell}`), ftteText(folder, ["completion", shell]).stdout);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  ...process.env,
  PATH: `${folder}:${process.env.PATH}`,
  XDG_STATE_HOME: join(folder, "state"),
  HOME: folder,
};

/** A shell that lists, for each line (words up to the cursor), what it would offer. */
type Shell = (lines: string[][]) => string[][];

const quoted = (words: string[]) => words.map((word) => `'${word}'`).join(" ");
const mark = "@@@@@";
/** One start of the shell for all lines: the parts of its output between marks. */
function parts(shell: string, flags: string[], script: string): string[][] {
  const { status, stdout, stderr } = spawnSync(shell, [...flags, "-c", script], {
    cwd: join(folder, "here"),
    env,
    encoding: "utf8",
  });
  if (status !== 0 || stderr !== "") throw new Error(`${shell}: status ${status}: ${stderr}`);
  const texts = stdout.split(`${mark}\n`).slice(0, -1);
  return texts.map((text) =>
    [
      ...new Set(
        text
          .split("\n")
          .map((line) => line.split("\t")[0]!.trim())
          .filter(Boolean),
      ),
    ].sort(),
  );
}

const shells: Record<string, Shell> = {
  bash: (lines) => {
    const asked = lines.map(
      (words) =>
        `COMP_WORDS=(${quoted(words)}); COMP_CWORD=${words.length - 1}; _ftte; printf '%s\\n' "\${COMPREPLY[@]}" ${mark}`,
    );
    return parts(
      "bash",
      ["--norc", "--noprofile"],
      [`source ${folder}/ftte.bash`, "complete -p ftte >/dev/null", ...asked].join("\n"),
    );
  },
  // Outside of its line editor zsh has no compadd: what it would be given is printed, those that begin with the word.
  zsh: (lines) => {
    const asked = lines.map((words) => `words=(${quoted(words)}); CURRENT=${words.length}; _ftte; print ${mark}`);
    const compadd = `compadd() { shift; local w; for w in "$@"; do [[ $w == "\${words[CURRENT]}"* ]] && print -r -- $w; done; true }`;
    const files = `_files() { if [[ $1 == -/ ]]; then print -l *(N/); else print -l *(N); fi }`;
    return parts(
      "zsh",
      ["-f"],
      ["compdef() { true }", `source ${folder}/ftte.zsh`, compadd, files, ...asked].join("\n"),
    );
  },
  fish: (lines) => {
    const asked = lines.map((words) => `complete -C '${words.join(" ")}'; echo ${mark}`);
    return parts("fish", ["--no-config"], [`source ${folder}/ftte.fish`, ...asked].join("\n"));
  },
};

const commands = [
  "boards",
  "build",
  "completion",
  "console",
  "data",
  "demo",
  "doctor",
  "eval",
  "flash",
  "monitor",
  "new",
  "plan",
  "run",
  "runs",
  "sim",
  "train",
  "update",
];
const cases: [line: string, offered: string[]][] = [
  ["ftte ru", ["run", "runs"]],
  ["ftte run ", ["export", "resume", "show"]],
  ["ftte run show --", ["--config", "--help", "--json"]],
  ["ftte run show run ", []], // a run named "run": no command any more
  ["ftte build --engine ", ["aot", "wasm3"]],
  ["ftte build --board nrf", ["nrf52-dk", "nrf52833-dk", "nrf52840-dk", "nrf52840-dongle"]],
  ["ftte build --board nrf52-dk --eng", ["--engine"]],
  ["ftte console wri", ["wrist-07"]],
  ["ftte console wrist-07 s", ["self-test", "stats"]],
  ["ftte boards name 00", ["0011223344556677"]],
  ["ftte train --port wrist-07 wri", ["wrist-07"]],
  ["ftte train --minutes run ", []], // the value of an option is no command
  ["ftte completion ", ["bash", "fish", "zsh"]],
  ["ftte nonsense ", []],
];

describe.each(Object.keys(shells))("%s", (shell) => {
  const isHere = spawnSync(shell, ["--version"], { env }).status === 0;
  const title = isHere ? "offers what fits, and nothing else" : `is not installed here: skipped`;
  it.skipIf(!isHere)(title, { timeout: 60_000 }, () => {
    const lines = ["ftte ", ...cases.map(([line]) => line), "ftte plan -c ", "ftte run export -o "];
    const found = shells[shell]!(lines.map((line) => line.split(" ")));
    const [first, ...others] = found;
    expect(first!.filter((word) => !word.startsWith("-"))).toEqual(commands);
    const [files, folders] = others.slice(-2);
    const told = cases.map(([line], i) => [line, others[i]]);
    expect(told).toEqual(cases);
    expect(files!.map((name) => name.replace(/\/$/, ""))).toEqual(["curves", "ftte.config.ts"]);
    expect(folders!.map((name) => name.replace(/\/$/, ""))).toEqual(["curves"]);
  });
});

it("knows each command that the help lists", () => {
  const help = ftteText(folder, ["--help"]).stdout.split("\nCommands:\n")[1]!;
  const listed = [...help.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!).filter((name) => name !== "help");
  expect(listed.sort()).toEqual(commands);
});
