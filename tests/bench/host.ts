// What the host's parts do on this machine, each beside something that everybody can judge, measured in the same run. Every row in a process
// of its own. `--json` for programs, `--row NAME` (several times) for some rows, `--rounds N` (9) of each pair of sides, `--clients N` (several
// times; 10,000, 100,000 and 1,000,000), `--peer`: the rows, and the same experiment in TensorFlow.js, which this installs into build/peer.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { table } from "../../host/cli/view/text.ts";
import { clientFigures } from "./host/clients.ts";
import { foldFigures } from "./host/fold.ts";
import type { Figure } from "./host/measure.ts";
import { memoryFigures } from "./host/memory.ts";
import { peerFigures } from "./host/peer.ts";
import { queueFigures } from "./host/queue.ts";
import { storeFigures } from "./host/store.ts";
import { trainingFigures } from "./host/training.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    row: { type: "string", multiple: true },
    rounds: { type: "string", default: "9" },
    clients: { type: "string", multiple: true, default: ["10000", "100000", "1000000"] },
    peer: { type: "boolean" },
  },
});
const rounds = Number(values.rounds);
const clients = values.clients.map(Number);
const rows: Record<string, () => Promise<Figure[]>> = {
  fold: () => foldFigures(rounds),
  queue: () => queueFigures(clients),
  clients: () => clientFigures(clients),
  store: () => storeFigures(rounds),
  training: () => trainingFigures(rounds),
  memory: memoryFigures,
  peer: peerFigures,
};

/** The row's figures, from a process that does nothing else. */
function alone(row: string): Figure[] {
  const given = ["--rounds", values.rounds, ...values.clients.flatMap((count) => ["--clients", count])];
  const args = [...process.execArgv, fileURLToPath(import.meta.url), "--json", "--row", row, ...given];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (child.status !== 0) throw new Error(`${row} failed`);
  return JSON.parse(child.stdout).figures;
}

const number = (value: number) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));
const cells = ({ row, what, value, unit, ratios = {}, goal = "" }: Figure) => [
  row,
  what,
  `${number(value)} ${unit}`,
  Object.entries(ratios)
    .map(([name, ratio]) => `${ratio.toPrecision(3)} × ${name}`)
    .join(", "),
  goal,
];

const wanted = values.row ?? [...Object.keys(rows).filter((row) => row !== "peer"), ...(values.peer ? ["peer"] : [])];
for (const row of wanted)
  if (!rows[row]) throw new Error(`there is no row ${row}; there are ${Object.keys(rows).join(", ")}`);
const figures = wanted.length === 1 ? await rows[wanted[0]!]!() : wanted.flatMap(alone);
if (values.json) console.log(JSON.stringify({ type: "host", figures }));
else console.log(table(["row", "", "figure", "beside", "goal"], figures.map(cells)));
