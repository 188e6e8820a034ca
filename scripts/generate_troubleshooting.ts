// Writes docs/troubleshooting.md of the two lists of errors: firmware/spec/errors.json (boards) and host/errors.json. Refuses a list in which
// an error lacks its cause or remedy. `--check` fails when the page differs from what would be written.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exitStatus } from "../host/errors.ts";

interface Listed {
  name: string;
  status: keyof typeof exitStatus;
  text: string;
  cause: string;
  remedy: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const page = "docs/troubleshooting.md";
const read = (path: string) => JSON.parse(readFileSync(root + path, "utf8"));

const hostErrors: Listed[] = Object.entries(read("host/errors.json") as Record<string, Omit<Listed, "name">>).map(
  ([name, error]) => ({ name, ...error }),
);
const boardErrors: Listed[] = (read("firmware/spec/errors.json").errors as Omit<Listed, "status">[]).map((error) => ({
  ...error,
  status: "failure",
}));

const chapters: [title: string, errors: Listed[]][] = [
  ["Boards and ports", hostErrors.filter(({ status }) => status === "board")],
  ["What was typed, configs, models, data", hostErrors.filter(({ status }) => status === "usage")],
  ["The run store and files that are written", hostErrors.filter(({ status }) => status === "store")],
  ["Building", hostErrors.filter(({ status }) => status === "build")],
  ["Everything else on the host", hostErrors.filter(({ status }) => ["failure", "interrupted"].includes(status))],
  ["What a board reports", boardErrors],
];

function entry({ name, status, text, cause, remedy }: Listed): string {
  for (const [what, words] of Object.entries({ text, cause, remedy }))
    if (!words?.trim()) throw new Error(`the error ${name} has no ${what}`);
  const what = `${text[0]!.toUpperCase()}${text.slice(1)}. Exit status ${exitStatus[status]}.`;
  return [`### ${name}`, "", what, "", `- Cause: ${cause}`, `- Remedy: ${remedy}`].join("\n");
}

const head = `# When something fails

Every error has a code: \`ftte\` prints it under the message, and \`--json\` as \`code\`. What it means and what helps is below, by code. The message
itself names the board, port or file. \`ftte doctor\` looks for what is missing on this machine, \`ftte boards\` for boards and why others do not
answer.

(Made by scripts/generate_troubleshooting.ts of host/errors.json and firmware/spec/errors.json; do not edit.)
`;
const text = [head, ...chapters.map(([title, errors]) => `## ${title}\n\n${errors.map(entry).join("\n\n")}\n`)].join(
  "\n",
);

if (!process.argv.includes("--check")) writeFileSync(root + page, text);
else if (readFileSync(root + page, "utf8") !== text) {
  console.error(`${page} is not what the lists of errors say; run: npm run generate`);
  process.exitCode = 1;
}
