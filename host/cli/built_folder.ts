// The SIMD module that sums updates, as it was built.

import { readFileSync } from "node:fs";
import { builtGuest } from "../build/root.ts";
import type { Folder } from "../fl/aggregate.ts";
import { wasmFolder } from "../fl/fold.ts";
import type { UpdateEncoding } from "../plan/update_rows.ts";

/** @param encoding of the updates */
export const builtFolder = (encoding: UpdateEncoding): Folder =>
  wasmFolder(readFileSync(builtGuest("fold.wasm")), encoding);
