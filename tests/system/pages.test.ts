// What can be checked of the pages without running anything: links lead somewhere, files that are named exist, commands stand where
// readme.test.ts finds them, and docs/cli.md knows every command, option and event.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { actionsOf, boardPages, looksTyped, otherBlocksOf, pages, root } from "./pages.ts";
import { ftteText } from "./project.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");

const helpOf = (command: string[]) => ftteText(root, [...command, "--help"]).stdout;
const help = helpOf([]);

/** Every command with its options, as the help tells them. */
function commands(above: string[] = []): { name: string; options: string[] }[] {
  const said = helpOf(above);
  const listed = said.split("\nCommands:\n")[1]?.split("\n\n")[0] ?? "";
  const names = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!).filter((name) => name !== "help");
  const below = names.flatMap((name) => commands([...above, name]));
  const told = [...said.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option!);
  const options = told.filter((option) => !["--help", "--version"].includes(option));
  // A command with subcommands and no options of its own (`ftte run`) does nothing itself.
  return below.length > 0 && options.length === 0 ? below : [{ name: above.join(" "), options }, ...below];
}
const all = commands();

describe.each([...pages, ...boardPages])("%s", (page) => {
  it("links to files and headings that exist", () => {
    for (const [, target] of read(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, heading] = target!.split("#") as [string, string?];
      const file = path === "" ? page : join(dirname(page), path);
      expect(existsSync(join(root, file)), `${target} is not there`).toBe(true);
      if (heading) expect(headings(file), `${target}: no such heading`).toContain(heading);
    }
  });

  it("names files that exist", () => {
    for (const [, path] of read(page).matchAll(/`((?:firmware|host|tests|scripts|docs|board-configs)\/[\w./-]*)`/g))
      if (!created(page).includes(path!)) expect(existsSync(join(root, path!)), `${path} is not there`).toBe(true);
  });

  it("names npm scripts and commands that exist", () => {
    const { scripts } = JSON.parse(read("package.json"));
    for (const [, script] of read(page).matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(script);
    for (const [, command] of read(page).matchAll(/`(?:npx )?ftte ([a-z]+)/g)) expect(help).toMatch(`\n  ${command} `);
  });

  it("types options that the command has", () => {
    for (const action of actionsOf(page)) {
      const typed = action.kind === "type" ? action.command : "";
      const command = all.find(({ name }) => typed.startsWith(`npx ftte ${name} `));
      for (const [option] of typed.matchAll(/--[a-z-]+/g))
        if (command) expect(command.options, typed).toContain(option);
    }
  });

  it("begins a block of its own where something is to be typed", () => {
    for (const lines of otherBlocksOf(page)) expect(lines.filter(looksTyped)).toEqual([]);
  });
});

const headings = (page: string) =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  );

/** Files that the page's reader makes. */
const created = (page: string) =>
  [...read(page).matchAll(/New file `([^`]+)`:|cp (?:-r )?\S+ (\S+)/g)].flatMap(([, a, b]) => [a, b]);

it("README.md holds no block but commands", () => expect(otherBlocksOf("README.md")).toEqual([]));

it("every page that the sources refer to exists", () => {
  const sources = ["firmware", "host", "scripts"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  );
  let references = 0;
  for (const path of sources.filter((path) => /\.(ts|c|h|mk|json)$/.test(path) && statSync(join(root, path)).isFile()))
    for (const [page] of read(path).matchAll(/\b(?:docs|firmware\/ports)\/[\w-]+\.md\b/g)) {
      references++;
      expect(existsSync(join(root, page)), `${path} refers to ${page}`).toBe(true);
    }
  expect(references).toBeGreaterThan(3);
});

describe("docs/cli.md", () => {
  const text = read("docs/cli.md");
  /** Rows of the table of options: the option, and the commands that take it ("all" for all). */
  const rows = [...text.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)[^`]*` *\| ([^|]+) \|/gm)].map(([, option, takers]) => ({
    option: option!,
    takers: takers!.trim() === "all" ? all.map((c) => c.name) : takers!.split(",").map((name) => name.trim()),
  }));
  const pairs = (list: { option: string; takers: string[] }[]) =>
    list.flatMap(({ option, takers }) => takers.map((taker) => `${taker} ${option}`)).sort();

  it("lists every command", () => {
    expect(all.length).toBeGreaterThan(8);
    for (const { name } of all) expect(text).toMatch(new RegExp(`^\\| \`ftte ${name}\\b`, "m"));
  });

  it("lists every option of every command, and no other", () => {
    const told = all.flatMap(({ name, options }) => options.map((option) => ({ option, takers: [name] })));
    expect(pairs(rows)).toEqual(pairs(told));
  });

  it("lists every event of --json", () => {
    const types = [...read("host/fl/events.ts").matchAll(/type: "(\w+)"/g)].map(([, type]) => type!);
    expect(types.length).toBeGreaterThan(6);
    for (const type of [...types, "result", "error"]) expect(text).toMatch(new RegExp(`^\\| \`${type}\` `, "m"));
  });
});
