// What boards cost their owner in time: flashing beside what each protocol allows, several boards at once, goodput over BLE, kernels over
// the air, a board's way from plug-in to its first update. Real time, against counterparts and virtual boards on this machine. `npm run build` first.
//   --json        one object for programs
//   --only PART   only this part (several times): flash, parallel, ble, air, plug-in
//   --rounds N    of each measurement (3): of flashing the quickest counts, else the median
//   --kilobytes N of firmware to flash at most (all of it)
//   --write       the table into docs/figures.md

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../../host/cli/view/text.ts";
import { bleCases, bleGoodput } from "./ble.ts";
import { flashFigures, parallelFigures } from "./boards/flashing.ts";
import { plugInFigures } from "./boards/plug_in.ts";
import { markdown, withPart } from "./device/report.ts";
import type { Figure } from "./host/measure.ts";
import { type AirFigures, airFigures } from "./over_the_air.ts";

const page = new URL("../../docs/figures.md", import.meta.url);
const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    write: { type: "boolean" },
    only: { type: "string", multiple: true },
    rounds: { type: "string", default: "3" },
    kilobytes: { type: "string", default: "1024" },
  },
});
const rounds = Number(values.rounds);
const mostBytes = Number(values.kilobytes) * 1024;
const parts: Record<string, () => Promise<Figure[]>> = {
  flash: () => flashFigures(rounds, mostBytes),
  parallel: () => parallelFigures(rounds, mostBytes),
  ble: bleFigures,
  air: overTheAirFigures,
  "plug-in": () => plugInFigures(rounds),
};

/** As `npm run bench:ble` has it, whose air has a clock of its own. */
async function bleFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const air of bleCases)
    figures.push({
      row: `BLE: window ${air.windowBytes}, ${air.intervalMs} ms`,
      what: `${air.packetsPerEvent} packets an event, ${100 * air.loss} % lost`,
      value: 100 * (await bleGoodput(air, { kilobytes: 128, pace: 0.5 })),
      unit: "% of the connection",
      ...(air.windowBytes > 960 && air.loss === 0 && { goal: "at least 80" }),
    });
  return figures;
}

/** The median of the seconds; the bytes differ by what was asked again. */
async function overTheAirFigures(): Promise<Figure[]> {
  const runs: AirFigures[] = [];
  for (let i = 0; i < rounds; i++) runs.push(await airFigures());
  const { blobBytes, bytesToBoard, bytesToHost, seconds } = runs.sort((a, b) => a.seconds - b.seconds)[rounds >> 1]!;
  const what = `${blobBytes} bytes of kernels: ${bytesToBoard} to the board, ${bytesToHost} back, at 921600 baud`;
  return [{ row: "update over the air", what, value: 1000 * seconds, unit: "ms" }];
}

const header = ["", "measured", "figure", "goal"];
const cells = ({ row, what, value, unit, goal = "" }: Figure) => [row, what, `${value.toFixed(1)} ${unit}`, goal];

const wanted = values.only ?? Object.keys(parts);
for (const part of wanted)
  if (!parts[part]) throw new Error(`there is no part ${part}; there are ${Object.keys(parts).join(", ")}`);
if (values.write && values.only) throw new Error("--write takes every part");
const figures: Figure[] = [];
for (const part of wanted) figures.push(...(await parts[part]!()));
if (values.json) console.log(JSON.stringify({ type: "boards", figures }));
else console.log(table(header, figures.map(cells)));
if (values.write)
  writeFileSync(page, withPart(readFileSync(page, "utf8"), "boards", markdown(header, figures.map(cells), 2)));
