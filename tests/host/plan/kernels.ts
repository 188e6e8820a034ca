// The guest for tests in Node: kernels.twin.wasm, built when older than its sources.

import { readFileSync } from "node:fs";
import { buildGuest } from "../../../host/build/guest.ts";
import { builtGuest } from "../../../host/build/root.ts";

/** The module's bytes. */
export async function kernels(): Promise<Uint8Array> {
  await buildGuest();
  return readFileSync(builtGuest("kernels.twin.wasm"));
}
