// What `ftte boards` shows of reports that are written here: who, where, since when, and who is missing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { PortReport } from "../../../host/boards/discover.ts";
import { KnownBoards } from "../../../host/boards/names.ts";
import { absentBoards, boardsJson, boardsText } from "../../../host/cli/view/boards.ts";
import { decodeHello, type Hello, HelloBytes } from "../../../host/wire/spec.gen.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-view-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [here, moved, gone, busy] = ["0a".repeat(8), "0b".repeat(8), "0c".repeat(8), "0d".repeat(8)] as const;
const known = KnownBoards.read(folder);
for (const [id, name, address] of [
  [moved, "wrist-02", "/dev/ttyACM7"],
  [gone, "wrist-03", "/dev/ttyACM8"],
  [busy, "wrist-04", "/dev/ttyACM2"],
] as const) {
  known.setName(id, name);
  known.sawAt([{ chipId: id, address }]);
}

const hello: Hello = { ...decodeHello(new Uint8Array(HelloBytes)), ramBytes: 262144, battery: 255 };
const usb = { vendor: "1366", product: "1015" };
const answer = (chipId: string, address: string, more: Partial<Hello>): PortReport => ({
  ...{ address, kind: "serial", usb, answers: true, chipId, boardClass: "nrf52840", firmware: "0.1.0", state: "idle" },
  hello: { ...hello, ...more },
});
const reports: PortReport[] = [
  answer(here, "/dev/ttyACM0", { battery: 41, run: 3 }),
  answer(moved, "/dev/ttyACM1", {}),
  { address: "/dev/ttyACM2", kind: "serial", answers: false, code: "port-busy", reason: "/dev/ttyACM2: in use" },
];
const absent = absentBoards(reports, known);

it("counts a board as absent that answers nowhere, unless it may sit behind a port that does not answer", () => {
  expect(absent).toEqual([{ chipId: gone, name: "wrist-03", address: "/dev/ttyACM8" }]);
});

it("tells people chip, memory, link, battery and run, and what they must know beside", () => {
  const lines = boardsText(reports, known, absent).split("\n");
  const cells = (id: string) => lines.find((line) => line.startsWith(id))!.split(/ {2,}/);
  const common = ["nrf52840", "0.1.0", "nRF52840", "256 KiB", "usb 1366:1015"];
  expect(cells(here)).toEqual([here, "–", "/dev/ttyACM0", ...common, "41 %", "3", "idle"]);
  expect(cells(moved)).toEqual([moved, "wrist-02", "/dev/ttyACM1", ...common, "–", "–", "idle"]);
  expect(cells(`${busy}?`).slice(0, 3)).toEqual([`${busy}?`, "wrist-04?", "/dev/ttyACM2"]);
  expect(cells(gone).at(-1)).toBe("absent");
  expect(lines.slice(-3)).toEqual([
    "wrist-02: was on /dev/ttyACM7, is on /dev/ttyACM1 now",
    "/dev/ttyACM2: in use",
    expect.stringContaining("wrist-03: not here; it was last on /dev/ttyACM8"),
  ]);
});

it("tells programs the same, without the raw structs", () => {
  const [first, second, third, fourth] = boardsJson(reports, known, absent);
  expect(first).toMatchObject({
    chipId: here,
    name: null,
    battery: 41,
    run: 3,
    boards: ["nrf52840-dk"],
    memoryBytes: 262144,
  });
  expect(second).toMatchObject({ name: "wrist-02", battery: null, run: null, wasOn: "/dev/ttyACM7" });
  expect(third).toMatchObject({ code: "port-busy", answers: false });
  expect(fourth).toEqual({
    chipId: gone,
    name: "wrist-03",
    address: "/dev/ttyACM8",
    answers: false,
    code: "port-absent",
  });
  expect(JSON.stringify([first, second])).not.toMatch(/hello|stats/);
});
