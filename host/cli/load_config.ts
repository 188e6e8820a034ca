// Loads a project's ftte.config.ts: bundled by esbuild (so that it may import its own files), run, checked, resolved.

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FtteError } from "../errors.ts";
import { type ResolvedConfig, resolveConfig } from "./config_schema.ts";

export interface Project {
  folder: string; // relative paths in the config are relative to it
  config: ResolvedConfig;
}

/** This package's "ftte/config", so that a project needs no installed copy to be read. */
const configModule = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./config.ts" : "./config.js", import.meta.url),
);

/** @throws FtteError "file-unreadable" or "config-invalid" */
export async function loadProject(path = "ftte.config.ts"): Promise<Project> {
  const file = resolve(path);
  if (!existsSync(file))
    throw new FtteError(
      "file-unreadable",
      `${file} does not exist; make a project with "ftte new", or name the file with --config`,
    );
  const folder = dirname(file);
  const scratch = await mkdtemp(join(tmpdir(), "ftte-config-"));
  try {
    const module = join(scratch, "config.mjs");
    await writeFile(module, await bundle(file));
    const loaded = (await import(pathToFileURL(module).href)) as { default?: unknown };
    if (loaded.default === undefined)
      throw new FtteError("config-invalid", `${file} has no default export; write: export default defineConfig({ … })`);
    return { folder, config: resolveConfig(loaded.default, file) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function bundle(file: string): Promise<string> {
  const { build } = await import("esbuild");
  try {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      alias: { "ftte/config": configModule },
      logLevel: "silent",
    });
    return result.outputFiles[0]!.text;
  } catch (cause) {
    throw new FtteError("config-invalid", `${file} cannot be read as TypeScript: ${(cause as Error).message}`, {
      cause,
    });
  }
}
