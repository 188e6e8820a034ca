// Builds everything that runs: kernels.wasm and the fold module, the posix firmware with each engine, and dist/ (the host, bundled so that the CLI
// starts fast). Each part is skipped when its outputs are newer than its inputs.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildFirmware } from "../host/build/firmware.ts";
import { buildFold } from "../host/build/fold.ts";
import { buildGuest } from "../host/build/guest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function bundleHost(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      ftte: "host/cli/main.ts",
      config: "host/cli/config.ts",
      evaluate_worker: "host/sim/evaluate_worker.ts",
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
