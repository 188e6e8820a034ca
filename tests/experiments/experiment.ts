// `npm run experiment -- <name> [options]`: runs one of the experiments beside this file.

import { parseArgs } from "node:util";

const experiments: Record<string, () => Promise<unknown>> = {
  coverage: () => import("./coverage.ts"),
  encodings: () => import("./encodings.ts"),
  headline: () => import("./headline.ts"),
  hostile: () => import("./hostile.ts"),
  shares: () => import("./shares.ts"),
  turns: () => import("./turns.ts"),
  weights: () => import("./weights.ts"),
};
const { positionals } = parseArgs({ allowPositionals: true, strict: false });
const run = Object.hasOwn(experiments, positionals[0] ?? "") ? experiments[positionals[0]!] : undefined;
if (run) await run();
else {
  console.error(`name an experiment: ${Object.keys(experiments).join(", ")}; docs/results says what each is`);
  process.exitCode = 2;
}
