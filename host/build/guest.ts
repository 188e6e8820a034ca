// Builds the guest into build/guest. Four modules of one source (docs/how-it-works.md):
//   kernels.twin.wasm      everything compiled in, with SIMD: Node
//   kernels.wasm           imports layers and BLAS: boards
//   kernels.layers.wasm    imports the BLAS, brings its layers: boards whose layers are to be replaced over the air
//   layers.wasm, blas.wasm what boards have natively: translated to C, with the checks at their boundary
// and kernels.wasm as C, for boards that run it ahead of time.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateBlasGlue, generateLayersGlue } from "./native_glue.ts";
import { root } from "./root.ts";
import { asc, wasm2c } from "./tool.ts";
import { isUpToDate } from "./up_to_date.ts";

const folder = join(root, "build", "guest");
const sources = join(root, "firmware", "assembly");
const outputs = ["kernels.twin.wasm", "kernels.wasm", "kernels.layers.wasm", "leaf.c", "layers.c", "kernels.c"]
  .concat(["blas_boundary.h", "layers_wasm3.h"])
  .map((n) => join(folder, n));
const inputs = [
  sources,
  join(root, "asconfig.json"),
  ...["native_functions.ts", "native_glue.ts", "guest.ts"].map((n) => join(root, "host", "build", n)),
];

/** The guest's sources with declarations in place of the layers. */
function writeImporting(declarations: string): void {
  const copy = join(folder, "importing");
  rmSync(copy, { recursive: true, force: true });
  for (const name of ["index.ts", "spec.gen.ts", "model"])
    cpSync(join(sources, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, "kernels"));
  writeFileSync(join(copy, "kernels", "index.ts"), declarations);
}

/** @throws FtteError "build-failed" with the compiler's messages */
export async function buildGuest(): Promise<void> {
  if (isUpToDate(outputs, inputs)) return;
  const blas = join(sources, "blas");
  const blasGlue = generateBlasGlue(readdirSync(blas).map((name) => readFileSync(join(blas, name), "utf8")));
  const layersGlue = generateLayersGlue(readFileSync(join(sources, "kernels", "index.ts"), "utf8"));
  const imports = join(folder, "imports"); // a --lib folder of the compiler
  mkdirSync(imports, { recursive: true });
  writeFileSync(join(imports, "blas.ts"), blasGlue.declarations);
  writeImporting(layersGlue.declarations);
  for (const [name, text] of Object.entries({ ...blasGlue.files, ...layersGlue.files }))
    writeFileSync(join(folder, name), text);
  const index = "firmware/assembly/index.ts";
  const importBlas = ["--lib", "build/guest/imports"];
  await asc(index, "--target", "twin", "--lib", "firmware/assembly/blas");
  await asc("build/guest/importing/index.ts", "--target", "board", ...importBlas);
  await asc(index, "--target", "boardWithLayers", ...importBlas);
  await asc("firmware/assembly/kernels/index.ts", "--target", "layers", ...importBlas);
  await asc("firmware/assembly/blas/blas.ts", "--target", "blas");
  // The leaf's export sgemv becomes w2c_leaf_sgemv, an import blas.sgemv w2c_blas_sgemv: the boundary lies between them. The layers' export
  // run and the import layers.run are one function, w2c_layers_run.
  for (const [name, wasm] of [
    ["leaf", "blas.wasm"],
    ["layers", "layers.wasm"],
    ["kernels", "kernels.wasm"],
  ])
    await wasm2c(`--module-name=${name}`, "-o", `build/guest/${name}.c`, `build/guest/${wasm}`);
}
