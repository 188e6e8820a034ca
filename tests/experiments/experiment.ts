// `npm run experiment -- <name> [options]`: runs one of the experiments beside this file.

import { parseArgs } from "node:util";

const experiments = ["headline", "hostile"] as const;
const { positionals } = parseArgs({ allowPositionals: true, strict: false });
const name = experiments.find((known) => known === positionals[0]);
if (name) await import(`./${name}.ts`);
else {
  console.error(`name an experiment: ${experiments.join(", ")}; docs/results says what each is`);
  process.exitCode = 2;
}
