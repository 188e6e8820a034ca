// The pages that people read (README, CONTRIBUTING, docs/…) taken apart: the commands they say to type, the changes to files they say to
// make, the links they give. Pure; how a page says these things:
//
// - an indented block whose first line begins with a command's name is to be typed, line by line; what follows # is a remark
// - a paragraph that ends with "New file `path`:" puts the indented block behind it there; "In `path`, below `text`:", "above" and "instead
//   of" put it beside, or in place of, the first line that contains the text

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "firmware/ports/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Made of board-configs/: their commands need the boards. */
export const boardPages = readdirSync(join(root, "docs/boards")).map((name) => `docs/boards/${name}`);

export type Action =
  | { kind: "type"; command: string }
  | { kind: "write"; path: string; text: string }
  | { kind: "edit"; path: string; where: "below" | "above" | "instead of"; anchor: string; text: string };

interface Block {
  before: string; // the paragraph that introduces it
  lines: string[];
}

const commandWords = /^(\.\/|npx |npm |node |make |cp |sed |cd |git |ftte |bash |curl |socat |sudo |apt)/;
const indented = (line: string) => line.startsWith("    ");

/** Indented code blocks, blank lines inside them included. */
function blocks(text: string): Block[] {
  const found: Block[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    if (!indented(lines[i]!) || lines[i - 1] !== "") continue;
    let end = i;
    while (end < lines.length && (indented(lines[end]!) || (lines[end] === "" && indented(lines[end + 1] ?? ""))))
      end++;
    let start = i - 2;
    while (start > 0 && lines[start - 1] !== "") start--;
    const before = lines.slice(Math.max(0, start), i - 1).join(" ");
    found.push({ before, lines: lines.slice(i, end).map((line) => line.slice(4)) });
    i = end;
  }
  return found;
}

function change(before: string, text: string): Action | undefined {
  const written = /New file `([^`]+)`:$/.exec(before);
  if (written) return { kind: "write", path: written[1]!, text };
  const edit = /In `([^`]+)`, (below|above|instead of) `([^`]+)`:$/.exec(before);
  if (!edit) return undefined;
  return { kind: "edit", path: edit[1]!, where: edit[2] as "below", anchor: edit[3]!, text };
}

/** What the page tells its reader to do, in order. */
export function actionsOf(page: string): Action[] {
  return blocks(readFileSync(join(root, page), "utf8")).flatMap(({ before, lines }): Action[] => {
    const changed = change(before, `${lines.join("\n")}\n`);
    if (changed && lines.some(looksTyped)) throw new Error(`${page}: put words between "${before}" and its commands`);
    if (changed) return [changed];
    if (!commandWords.test(lines[0]!)) return [];
    return lines.map((line) => ({ kind: "type", command: line.replace(/ +# .*$/, "").trim() }));
  });
}

/** The page's blocks that are neither commands nor changes: pictures, and pieces of code to look at. */
export function otherBlocksOf(page: string): string[][] {
  return blocks(readFileSync(join(root, page), "utf8"))
    .filter(({ before, lines }) => !change(before, "") && !commandWords.test(lines[0]!))
    .map(({ lines }) => lines);
}

export const looksTyped = (line: string): boolean => commandWords.test(line);
