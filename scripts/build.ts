// Builds everything that runs: kernels.wasm and the fold module, the posix firmware with each engine, and dist/ (the host, bundled so that the CLI
// starts fast). Each part is skipped when its outputs are newer than its inputs.
import { join } from "node:path";
import { build } from "esbuild";
import { buildFirmware } from "../host/build/firmware.ts";
import { buildFold } from "../host/build/fold.ts";
import { buildGuest } from "../host/build/guest.ts";
import { root } from "../host/build/root.ts";
import { isUpToDate } from "../host/build/up_to_date.ts";

async function bundleHost(): Promise<void> {
  const inputs = ["host", "scripts/build.ts", "package-lock.json"].map((name) => join(root, name));
  if (isUpToDate([join(root, "dist", "ftte.js")], inputs)) return;
  await build({
    absWorkingDir: root,
    entryPoints: {
      ftte: "host/cli/main.ts",
      config: "host/cli/config.ts",
      hil: "host/hil/board.ts",
      evaluate_worker: "host/sim/evaluate_worker.ts",
      train_worker: "host/sim/train_worker.ts",
      simulate_worker: "host/cli/simulate_worker.ts",
    },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: true,
    logLevel: "warning",
  });
}

const say = (text: string) => process.stderr.write(`build: ${text}\n`);
say("kernels.wasm (AssemblyScript)");
await buildGuest();
await buildFold();
say("posix firmware (C)");
await buildFirmware({ port: "posix", engine: "wasm3" });
await buildFirmware({ port: "posix", engine: "aot" });
say("host");
await bundleHost();
