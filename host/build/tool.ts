// Runs a build tool that comes as an npm package (asc, wasm2c) in a process of its own, in the package's folder. The AssemblyScript
// compiler in particular remembers the libraries of one call in the next when it is called as a module.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { FtteError } from "../errors.ts";
import { root } from "./root.ts";

const require = createRequire(import.meta.url);

/**
 * @param script of the npm package, e.g. "bin/asc.js"
 * @throws FtteError "build-failed" with what the tool printed
 */
async function run(npmPackage: string, script: string, args: string[]): Promise<void> {
  const path = join(dirname(require.resolve(`${npmPackage}/package.json`)), script);
  try {
    await promisify(execFile)(process.execPath, [path, ...args], { cwd: root });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    throw new FtteError("build-failed", `${script} ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? cause}`, {
      cause,
    });
  }
}

/** Under asconfig.json's options. */
export const asc = (...args: string[]) => run("assemblyscript", "bin/asc.js", args);

/** WebAssembly to C (WABT). */
export const wasm2c = (...args: string[]) => run("wabt", "bin/wasm2c", args);
