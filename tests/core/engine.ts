// What a C test program is linked with to run the kernels: wasm3 or the kernels ahead of time, with pointers as wide as this machine's
// or, as on a chip, 32 bits. Sources and flags are those of firmware/core/guest/guest.mk.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { buildGuest } from "../../host/build/guest.ts";
import { type CProgram, root, sanitizers } from "./c_program.ts";

export interface Engine {
  name: "wasm3" | "aot";
  bits: 32 | 64;
}

const m32 = ["-m32", "-msse2", "-mfpmath=sse"];
const compilesM32 =
  spawnSync("cc", ["-m32", "-include", "stdio.h", "-o", "/dev/null", "-x", "c", "-"], {
    input: "int main(void) { return 0; }",
  }).status === 0;
if (!compilesM32) console.log("skipped: 32-bit engines, because cc -m32 does not link (Debian: gcc-multilib)");

/** Every engine at every pointer width that this machine's compiler knows. */
export const engines: Engine[] = ([64, 32] as const)
  .filter((bits) => bits === 64 || compilesM32)
  .flatMap((bits) => [
    { name: "wasm3", bits },
    { name: "aot", bits },
  ]);

/** The value of a variable of guest.mk, from make itself. */
const variable = (name: string) =>
  execFileSync("make", ["-s", "-f", "-", "print"], {
    cwd: root,
    encoding: "utf8",
    input: `include firmware/core/guest/guest.mk\nprint:\n\t@echo $(${name})\n`,
  })
    .trim()
    .split(" ");

const changedMs = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Sources that take long to compile, as one object file that test programs share; made again when an input is newer. */
function object(name: string, sources: string[], flags: string[], inputs: string[]): string {
  const path = `${root}build/tests/${name}.o`;
  const newest = Math.max(...[...sources, ...inputs].map((input) => changedMs(root + input)));
  if (changedMs(path) > newest) return path;
  mkdirSync(`${root}build/tests`, { recursive: true });
  const fresh = `${path}.${process.pid}`; // another worker may be making it too
  const all = [...flags, "-g", "-Ifirmware/core", "-r", "-nostdlib", "-o", fresh, ...sources];
  execFileSync("cc", all, { cwd: root, stdio: "inherit" });
  renameSync(fresh, path);
  return path;
}

export interface EngineOptions {
  /** Our own sources, the translated ones, and wasm3's as far as they allow it, under the address and undefined-behaviour sanitizers. */
  sanitized?: boolean;
  /** The pool; the firmware's own unless a test brings another. */
  pool?: string;
}

// On 32-bit chips the translated BLAS counts addresses from a null pointer.
const blasExceptions = ["-fno-sanitize=null,pointer-overflow"];
// wasm3's operations call each other by pointers to functions of another type, load unaligned words and shift into the sign.
const wasm3Exceptions = ["-fno-sanitize=undefined"];

/** Sources, flags and objects of a program that links the engine; the guest is built first. */
export async function engineParts(
  { name, bits }: Engine,
  { sanitized = false, pool = "firmware/core/guest/pool.c" }: EngineOptions = {},
): Promise<Required<Pick<CProgram, "sources" | "flags" | "objects">>> {
  await buildGuest();
  const width = bits === 32 ? m32 : [];
  const checks = (exceptions: string[]) => (sanitized ? [...sanitizers, ...exceptions] : []);
  const label = `${bits}${sanitized ? "_sanitized" : ""}`;
  const guest = "firmware/core/guest/";
  const blas = object(
    `blas_${label}`,
    variable("FTTE_BLAS_SOURCES"),
    [
      ...variable("FTTE_BLAS_FLAGS").filter((flag) => !flag.startsWith("-fno-sanitize")),
      ...width,
      ...checks(blasExceptions),
    ],
    ["build/guest/leaf.c", "build/guest/blas_entries.h", `${guest}wasm-rt.h`, `${guest}guest.mk`],
  );
  const wasm3 = () =>
    object(
      `wasm3_${label}`,
      variable("FTTE_WASM3_SOURCES"),
      [...variable("FTTE_WASM3_FLAGS"), ...width, ...checks(wasm3Exceptions)],
      [`${guest}wasm3_alloc.h`, `${guest}guest.mk`],
    );
  const own = variable(name === "wasm3" ? "FTTE_ENGINE_SOURCES" : "FTTE_AOT_SOURCES");
  return {
    sources: [...variable("FTTE_GUEST_SOURCES").map((path) => (path.endsWith("/pool.c") ? pool : path)), ...own],
    flags: [...variable(name === "wasm3" ? "FTTE_ENGINE_FLAGS" : "FTTE_AOT_FLAGS"), ...width, ...checks([])],
    objects: [blas, ...(name === "wasm3" ? [wasm3()] : [])],
  };
}
