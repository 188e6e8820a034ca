// Builds the guest into build/guest: kernels.twin.wasm (BLAS compiled in, for Node), kernels.wasm (BLAS imported, for boards), and the
// BLAS as C for the firmware with the checks at its boundary.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateBlasGlue } from "./blas_glue.ts";
import { root } from "./root.ts";
import { asc, wasm2c } from "./tool.ts";
import { isUpToDate } from "./up_to_date.ts";

const folder = join(root, "build", "guest");
const sources = join(root, "firmware", "assembly");
const outputs = ["kernels.twin.wasm", "kernels.wasm", "blas.c", "blas.h", "blas_glue.h"].map((n) => join(folder, n));
const inputs = [sources, join(root, "asconfig.json"), join(root, "host", "build", "blas_glue.ts")];

/** @throws FtteError "build-failed" with the compiler's messages */
export async function buildGuest(): Promise<void> {
  if (isUpToDate(outputs, inputs)) return;
  const blas = join(sources, "blas");
  const glue = generateBlasGlue(readdirSync(blas).map((name) => readFileSync(join(blas, name), "utf8")));
  const imports = join(folder, "imports"); // a --lib folder of the compiler
  mkdirSync(imports, { recursive: true });
  writeFileSync(join(imports, "blas.ts"), glue.declarations);
  writeFileSync(join(folder, "blas_glue.h"), glue.header);
  const index = "firmware/assembly/index.ts";
  await asc(index, "--target", "twin", "--lib", "firmware/assembly/blas");
  await asc(index, "--target", "board", "--lib", "build/guest/imports");
  await asc("firmware/assembly/blas/blas.ts", "--target", "blas");
  await wasm2c("--module-name=blas", "-o", "build/guest/blas.c", "build/guest/blas.wasm"); // export sgemv becomes w2c_blas_sgemv
}
