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

/** wasm3's unedited sources as one object file, rebuilt when a source or a flag is newer. */
function wasm3Object(bits: number, further: string[]): string {
  const name = ["wasm3", bits, ...further].join("_").replace(/[^\w]/g, "_");
  const object = `${root}build/tests/${name}.o`;
  const sources = variable("FTTE_WASM3_SOURCES");
  const inputs = [...sources, "firmware/core/guest/guest.mk", "firmware/core/guest/wasm3_alloc.h"];
  const newest = Math.max(...inputs.map((path) => statSync(root + path).mtimeMs));
  if ((statSync(object, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) return object;
  mkdirSync(`${root}build/tests`, { recursive: true });
  const flags = [...variable("FTTE_WASM3_FLAGS"), ...(bits === 32 ? m32 : []), ...further];
  const fresh = `${object}.${process.pid}`; // another worker may be building it too
  execFileSync("cc", [...flags, "-r", "-nostdlib", "-o", fresh, ...sources], { cwd: root });
  renameSync(fresh, object);
  return object;
}

export interface EngineOptions {
  /** Our own sources, and the translated ones, under the address and undefined-behaviour sanitizers. */
  sanitized?: boolean;
  /** Further flags for wasm3's sources. */
  wasm3Flags?: string[];
  /** The pool; the firmware's own unless a test brings another. */
  pool?: string;
}

/** Sources, flags and objects of a program that links the engine; the guest is built first. */
export async function engineParts(
  { name, bits }: Engine,
  { sanitized = false, wasm3Flags = [], pool = "firmware/core/guest/pool.c" }: EngineOptions = {},
): Promise<Required<Pick<CProgram, "sources" | "flags" | "objects">>> {
  await buildGuest();
  const own = variable(name === "wasm3" ? "FTTE_ENGINE_SOURCES" : "FTTE_AOT_SOURCES");
  const shared = variable("FTTE_GUEST_SOURCES").map((path) => (path.endsWith("/pool.c") ? pool : path));
  const flags = [
    ...variable("FTTE_BLAS_FLAGS").filter((flag) => !flag.startsWith("-O") && !flag.startsWith("-fno-sanitize")),
    ...variable(name === "wasm3" ? "FTTE_ENGINE_FLAGS" : "FTTE_AOT_FLAGS"),
    ...(bits === 32 ? m32 : []),
    ...(sanitized ? sanitizers : []),
    // On 32-bit chips the translated BLAS counts addresses from a null pointer.
    ...(sanitized ? ["-fno-sanitize=null,pointer-overflow"] : []),
  ];
  const objects = name === "wasm3" ? [wasm3Object(bits, wasm3Flags)] : [];
  return { sources: [...shared, ...own, ...variable("FTTE_BLAS_SOURCES")], flags, objects };
}
