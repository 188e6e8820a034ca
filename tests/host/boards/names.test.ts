// Names and last ports of boards, in a folder of their own: who is found by which words, what is refused, and what survives.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { baudRatesOf, configsOf } from "../../../host/boards/attached.ts";
import { KnownBoards, stateFolder } from "../../../host/boards/names.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-names-"));
afterAll(() => rmSync(folder, { recursive: true }));

const left = "a1b2c3d4e5f60718";
const right = "a1b2ffffe5f60718";
let boards: KnownBoards;
beforeEach(() => {
  rmSync(join(folder, "boards.json"), { force: true });
  boards = KnownBoards.read(folder);
  boards.setName(left, "wrist-07");
  boards.sawAt([
    { chipId: left, address: "/dev/ttyACM0" },
    { chipId: right, address: "/dev/ttyACM1" },
  ]);
});

describe("boards that are known", () => {
  it("are found by name, chip id and its first digits", () => {
    for (const text of ["wrist-07", left, left.toUpperCase(), "a1b2c", "A1B2C3"]) expect(boards.find(text)).toBe(left);
    for (const text of ["wrist-08", "a1b", "a1b3", "", "wrist"]) expect(boards.find(text)).toBeUndefined();
    expect(() => boards.find("a1b2")).toThrow(`"a1b2" may be ${left} or ${right}`);
  });

  it("are remembered by whoever reads next, with nothing left beside the file", () => {
    expect(KnownBoards.read(folder).all()).toEqual([
      [left, { name: "wrist-07", address: "/dev/ttyACM0" }],
      [right, { address: "/dev/ttyACM1" }],
    ]);
    expect(readdirSync(folder)).toEqual(["boards.json"]);
  });

  it("keep their name when they move, and are called by their first digits without one", () => {
    boards.sawAt([{ chipId: left, address: "/dev/ttyACM9" }]);
    expect(KnownBoards.read(folder).get(left)).toEqual({ name: "wrist-07", address: "/dev/ttyACM9" });
    expect(boards.nameOf(left)).toBe("wrist-07");
    boards.setName(left, undefined);
    expect(KnownBoards.read(folder).find("wrist-07")).toBeUndefined();
    expect(boards.nameOf(left)).toBe("a1b2c3d4");
  });

  it("are remembered at a path that holds from any folder", () => {
    const line = join(folder, "wrist.pty");
    writeFileSync(line, "");
    const fromHere = relative(process.cwd(), line);
    expect(boards.wasElsewhere(left, fromHere)).toBe("/dev/ttyACM0");
    boards.sawAt([{ chipId: left, address: fromHere }]);
    expect(boards.get(left)?.address).toBe(line);
    expect(boards.wasElsewhere(left, fromHere)).toBeUndefined();
    for (const address of ["COM3", "ble:c0:ff:ee:00:00:01"]) {
      boards.sawAt([{ chipId: left, address }]);
      expect(boards.get(left)?.address).toBe(address);
    }
    rmSync(line);
  });

  it("refuses names that another board has or that mean something else", () => {
    expect(() => boards.setName(right, "wrist-07")).toThrow(`wrist-07 is the name of board ${left}`);
    expect(() => boards.setName(left, "wrist-07")).not.toThrow(); // its own
    for (const name of ["", "a b", "/dev/ttyACM0", "cafe", "-x", "x".repeat(33)])
      expect(() => boards.setName(right, name), name).toThrow(/is no name for a board/);
    expect(() => boards.setName("xyz", "wrist-08")).toThrow(/not a chip id/);
  });

  it("says which file is damaged, and which cannot be written", () => {
    writeFileSync(join(folder, "boards.json"), '{"boards":');
    expect(() => KnownBoards.read(folder)).toThrow(/boards\.json is damaged; remove it/);
    rmSync(join(folder, "boards.json"));
    writeFileSync(join(folder, "file"), "");
    const nowhere = KnownBoards.read(join(folder, "file"));
    expect(() => nowhere.setName(left, "wrist-07")).toThrow(/boards\.json cannot be written/);
    rmSync(join(folder, "file"));
  });
});

it("keeps its file where the XDG Base Directory Specification says, and takes no relative path", () => {
  expect(stateFolder({ XDG_STATE_HOME: "/var/state" })).toBe("/var/state/ftte");
  for (const env of [{}, { XDG_STATE_HOME: "" }, { XDG_STATE_HOME: "state" }])
    expect(stateFolder(env)).toMatch(/^\/.*\/\.local\/state\/ftte$/);
});

describe("what the board configs know of a port", () => {
  const usb = (vendor: string, product: string) =>
    ({ address: "/dev/ttyACM0", kind: "serial", usb: { vendor, product } }) as const;
  const read = (id: string) => JSON.parse(readFileSync(`board-configs/${id}.json`, "utf8"));

  it("begins with the baud rate of the boards with such an adapter, and leaves none out", () => {
    const nordic = read("nrf52840-dk");
    expect(baudRatesOf(usb(nordic.usb[0].vendor, nordic.usb[0].product))).toEqual([1_000_000, 921_600]);
    expect(baudRatesOf(usb("10c4", "ea60"))).toEqual([921_600, 1_000_000]);
    expect(new Set(baudRatesOf({ address: "/dev/ttyS0", kind: "serial" }))).toEqual(new Set([921_600, 1_000_000]));
    expect(baudRatesOf({ address: "x.pty", kind: "virtual" })).toEqual([]);
  });

  it("tells two boards of one class apart by their USB ids", () => {
    const { vendor, product } = read("feather-nrf52840").usb[1];
    expect(configsOf("nrf52840-uf2", usb(vendor, product)).map(({ id }) => id)).toEqual(["feather-nrf52840"]);
    expect(configsOf("nrf52840-uf2", usb("0000", "0000")).map(({ id }) => id)).toHaveLength(2);
    expect(configsOf("nobody", usb("0000", "0000"))).toEqual([]);
  });
});
