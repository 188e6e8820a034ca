// Builds the guest into build/guest: kernels.twin.wasm (BLAS compiled in, for Node), kernels.wasm (BLAS imported, for boards), and as C
// for the firmware the BLAS with the checks at its boundary, and the same kernels for boards that run them ahead of time.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateBlasGlue } from "./blas_glue.ts";
import { root } from "./root.ts";
import { asc, wasm2c } from "./tool.ts";
import { isUpToDate } from "./up_to_date.ts";

const folder = join(root, "build", "guest");
const sources = join(root, "firmware", "assembly");
const outputs = ["kernels.twin.wasm", "kernels.wasm", "leaf.c", "kernels.c", "blas_boundary.h"].map((n) =>
  join(folder, n),
);
const inputs = [
  sources,
  join(root, "asconfig.json"),
  ...["blas_leaves.ts", "blas_glue.ts", "guest.ts"].map((n) => join(root, "host", "build", n)),
];

/** @throws FtteError "build-failed" with the compiler's messages */
export async function buildGuest(): Promise<void> {
  if (isUpToDate(outputs, inputs)) return;
  const blas = join(sources, "blas");
  const glue = generateBlasGlue(readdirSync(blas).map((name) => readFileSync(join(blas, name), "utf8")));
  const imports = join(folder, "imports"); // a --lib folder of the compiler
  mkdirSync(imports, { recursive: true });
  writeFileSync(join(imports, "blas.ts"), glue.declarations);
  for (const [name, text] of Object.entries(glue.files)) writeFileSync(join(folder, name), text);
  const index = "firmware/assembly/index.ts";
  await asc(index, "--target", "twin", "--lib", "firmware/assembly/blas");
  await asc(index, "--target", "board", "--lib", "build/guest/imports");
  await asc("firmware/assembly/blas/blas.ts", "--target", "blas");
  // The leaf's export sgemv becomes w2c_leaf_sgemv, the kernels' import blas.sgemv w2c_blas_sgemv: the boundary lies between them.
  await wasm2c("--module-name=leaf", "-o", "build/guest/leaf.c", "build/guest/blas.wasm");
  await wasm2c("--module-name=kernels", "-o", "build/guest/kernels.c", "build/guest/kernels.wasm");
}
