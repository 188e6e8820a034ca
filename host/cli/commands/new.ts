// `ftte new <name>`: a folder with a config, a model, a fleet of virtual boards and a short README, as a template has them.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FtteError } from "../../errors.ts";
import { type TemplateName, templates } from "../templates/templates.ts";

const readmeText = (name: string, further: string) => `# ${name}

An ftte project: a fleet of boards trains one model together.

    npm install          # once
    npx ftte plan        # what each board class trains, and every byte that it needs
    npx ftte train       # virtual boards, the real firmware; Ctrl-C ends cleanly
    npx ftte run resume  # goes on where the newest run was interrupted
    npx ftte run export  # its model as safetensors, C header and JSON

Change ftte.config.ts: the model, the data, the fleet. An editor that knows TypeScript completes it.
${further && `\n${further}`}`;

/** Types for the editor alone; ftte needs no compiler to read the config. */
const tsconfig = {
  compilerOptions: {
    module: "NodeNext",
    target: "ES2022",
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: [],
  },
  include: ["*.ts"],
};

/** A link to the package instead of a copy with all its dependencies, whatever npm's version does by default. */
const npmrc = ["install-links=false", "legacy-peer-deps=true", "audit=false", "fund=false", ""].join("\n");

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** @throws FtteError "file-unwritable" when the folder exists or cannot be made, "usage" when the name is none */
export async function newProject(name: string, options: { template: TemplateName; json?: boolean }): Promise<void> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new FtteError("usage", `"${name}" is no project name; use letters, digits, dots, dashes and underscores`);
  const folder = resolve(name);
  if (existsSync(folder))
    throw new FtteError("file-unwritable", `${folder} exists already; choose another name or remove it`);
  const packageFolder = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../../.." : "..", import.meta.url));
  const template = templates[options.template];
  const files: Record<string, string> = {
    "ftte.config.ts": template.config(name),
    "README.md": readmeText(name, template.readme),
    ...(template.recordings && { "recordings.csv": template.recordings() }),
    "package.json": json({ name, private: true, type: "module", dependencies: { ftte: `file:${packageFolder}` } }),
    "tsconfig.json": json(tsconfig),
    ".npmrc": npmrc,
    ".gitignore": "node_modules/\n.ftte/\n",
  };
  try {
    await mkdir(folder);
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  } catch (cause) {
    throw new FtteError("file-unwritable", `${folder} cannot be written: ${(cause as Error).message}`, { cause });
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ type: "result", folder, files: Object.keys(files) })}\n`);
  else
    process.stdout.write(
      `${folder} is ready. Go on with:\n  cd ${name}\n  npm install\n  npx ftte plan\n  npx ftte train\n`,
    );
}
