// Builds a port's firmware by firmware/Makefile. Needs build/guest (the translated BLAS, made by buildGuest) and a C compiler; installs
// nothing.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { root } from "./root.ts";

export type Engine = "wasm3" | "aot";

export interface FirmwareOptions {
  port: string; // a folder of firmware/ports
  engine: Engine;
}

export interface Firmware {
  path: string; // of the image
  sizes: { text: number; data: number; bss: number };
}

const tools = { make: "make", cc: "gcc", size: "binutils" } as const; // command → Debian package

/** @throws FtteError "compiler-missing" with the line to type, "build-failed" with the compiler's output, "usage" for an unknown port */
export async function buildFirmware({ port, engine }: FirmwareOptions): Promise<Firmware> {
  if (!/^[a-z0-9]+$/.test(port) || !existsSync(join(root, "firmware", "ports", port, "port.mk")))
    throw new FtteError("usage", `there is no port "${port}" in firmware/ports`);
  requireTools();
  const name = engine === "wasm3" ? port : `${port}-${engine}`;
  const out = join("build", "firmware", name);
  await make(["-C", "firmware", `-j${availableParallelism()}`, `PORT=${port}`, `ENGINE=${engine}`, `OUT=${out}`], name);
  const path = join(root, out, `ftte-${name}`);
  return { path, sizes: sizesOf(path) };
}

function requireTools(): void {
  const missing = Object.entries(tools).filter(([command]) => spawnSync(command, ["--version"]).error);
  if (missing.length === 0) return;
  const names = missing.map(([command]) => command).join(", ");
  const packages = [...new Set([...missing.map(([, name]) => name), "libc6-dev"])].join(" ");
  throw new FtteError(
    "compiler-missing",
    `${names} not found; type: sudo apt-get update && sudo apt-get install -y ${packages}`,
  );
}

function make(args: string[], name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("make", args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        output = (output + text).slice(-8000);
      });
    child.once("error", (cause) => reject(new FtteError("build-failed", `make: ${cause.message}`, { cause })));
    child.once("close", (status) => {
      if (status === 0) resolve();
      else reject(new FtteError("build-failed", `building the firmware ${name} failed:\n${output}`));
    });
  });
}

function sizesOf(path: string): Firmware["sizes"] {
  const { stdout } = spawnSync("size", [path], { encoding: "utf8" });
  const [text, data, bss] = (stdout.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);
  return { text: text ?? 0, data: data ?? 0, bss: bss ?? 0 };
}
