// `ftte update` as it is typed: several boards at once, of which some have no place for firmware; a line of NDJSON at each stage.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildFirmware } from "../../host/build/firmware.ts";
import { FirmwareHeaderBytes } from "../../host/wire/spec.gen.ts";
import { boardClass, renumbered } from "./firmware_images.ts";
import { type LiveBoard, liveBoard } from "./live_board.ts";
import { ftte, type Outcome } from "./project.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-update-"));
const env = { XDG_STATE_HOME: folder };
const other = 4000000001;
let small: LiveBoard; // has no place for firmware
let large: LiveBoard; // runs another build than the one that is built here
beforeAll(async () => {
  const program = join(folder, "other");
  writeFileSync(program, (await renumbered(other)).bytes.subarray(FirmwareHeaderBytes));
  chmodSync(program, 0o755);
  const further = ["--baud", "0"];
  [small, large] = await Promise.all([
    liveBoard("small", { further }),
    liveBoard("large", { further, config: boardClass, program }),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([small.end(), large.end()]);
  rmSync(folder, { recursive: true });
});

const update = (...options: string[]) => {
  const ports = [small, large].map(({ board }) => board.address);
  return ftte(folder, ["update", ...ports, ...options], env);
};
const boardsOf = ({ events }: Outcome) => events.at(-1)!.boards as object[];

it("gives several boards the kernels of this ftte, once", async () => {
  const outcome = await update();
  const done = { what: "kernels", ok: true, outcome: "updated", before: "none" };
  expect(boardsOf(outcome)).toMatchObject([done, done]);
  expect(outcome.status).toBe(0);
  const [first] = outcome.events as { type: string; board: string }[];
  expect(first).toMatchObject({ type: "update", stage: "sending" });
  const stages = outcome.events.filter(({ board }) => board === first!.board).map(({ stage }) => stage);
  expect([...new Set(stages)]).toEqual(["sending", "restarting", "confirming", "done"]);
  expect(boardsOf(await update("--kernels"))).toMatchObject([{ outcome: "held" }, { outcome: "held" }]);
});

it("gives firmware to the board that has a place for it, and says of the other what to do", async () => {
  const { build } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const outcome = await update("--firmware");
  const text = (number: number) => `0.1.0 build ${number}`;
  expect(boardsOf(outcome)).toMatchObject([
    { ok: false, code: "update-refused", before: text(build), after: text(build) },
    { ok: true, outcome: "updated", before: text(other), after: text(build) },
  ]);
  expect(outcome.stderr).toMatch(/no second place in flash .*; write it with: ftte flash/);
  expect(outcome.status).toBe(3);
});

it.each([
  [["--kernels", "--firmware"], /one at a time/],
  [["--seconds", "256"], /more than the 255/],
] as const)("refuses %j", async (options, text) => {
  const outcome = await update(...options);
  expect(outcome.status).toBe(2);
  expect(outcome.stderr).toMatch(text);
});
