// Builds the aggregation's inner loop, host/fl/assembly/fold.ts, into build/guest/fold.wasm. It needs SIMD, which every Node has.

import { join } from "node:path";
import { builtGuest, root } from "./root.ts";
import { asc } from "./tool.ts";
import { isUpToDate } from "./up_to_date.ts";

/** @throws FtteError "build-failed" with the compiler's messages */
export async function buildFold(): Promise<void> {
  const source = "host/fl/assembly/fold.ts";
  if (isUpToDate([builtGuest("fold.wasm")], [join(root, source), join(root, "asconfig.json")])) return;
  await asc(source, "--enable", "simd", "--outFile", "build/guest/fold.wasm");
}
