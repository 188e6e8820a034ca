// Where the package lies, and what was built inside it. Everything built goes to build/, which may be deleted at any time.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's folder: above dist/ when bundled, above host/build/ in the sources. */
export const root = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../.." : "..", import.meta.url));

/** Path of a module of build/guest (guest.ts says which), or fold.wasm (aggregation). */
export function builtGuest(name: "kernels.wasm" | "kernels.layers.wasm" | "kernels.twin.wasm" | "fold.wasm"): string {
  return join(root, "build", "guest", name);
}
