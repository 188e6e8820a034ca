// Board configs: every one that ships loads, agrees with the schema beside it, and mistakes are named.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { boardIds, loadBoardConfig, virtualBoardArguments } from "../../../host/boards/config.ts";
import { memoryBudget } from "../../../host/build/memory.ts";
import { buildableBoard } from "../../../host/cli/board_firmware.ts";

const folder = fileURLToPath(new URL("../../../board-configs/", import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(`${folder}${name}.json`, "utf8"));

interface Schema {
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  additionalProperties?: false | Schema;
}

/** Paths of what the schema beside the configs does not allow, as far as the schema goes: fields, and words of a list. */
function refused(value: unknown, schema: Schema, path = ""): string[] {
  if (schema.enum) return schema.enum.includes(value as string) ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((item, i) => refused(item, schema.items!, `${path}.${i}`));
  if (typeof value !== "object" || value === null) return [];
  const missing = (schema.required ?? []).filter((field) => !(field in value)).map((field) => `${path}.${field}`);
  const wrong = Object.entries(value).flatMap(([field, inner]) => {
    const known = schema.properties?.[field] ?? schema.additionalProperties;
    return known ? refused(inner, known, `${path}.${field}`) : [`${path}.${field}`];
  });
  return [...missing, ...wrong];
}

/** A folder with one changed copy of a config. */
function changed(id: string, change: (board: Record<string, object>) => void): string {
  const copy = mkdtempSync(join(tmpdir(), "ftte-boards-"));
  const board = read(id);
  change(board);
  writeFileSync(join(copy, `${id}.json`), JSON.stringify(board));
  return copy;
}

describe("board configs", () => {
  it.each(boardIds())("%s loads and is what the schema allows", (id) => {
    expect(loadBoardConfig(id).id).toBe(id);
    expect(refused(read(id), read("schema"))).toEqual([]);
    const odd = { ...read(id), speed: 1, tried: { hardware: [] } };
    expect(refused(odd, read("schema"))).toEqual([".tried.emulated", ".speed"]);
  });

  it("build when their port exists and else say which port they wait for", () => {
    expect(loadBoardConfig("virtual-64k")).toMatchObject({ buildable: true, status: "builds" });
    const folder = changed("esp32-s3-devkitc", (board) => Object.assign(board, { port: "esp32p4" }));
    const waiting = loadBoardConfig("esp32-s3-devkitc", folder);
    expect(waiting).toMatchObject({ buildable: false, status: "waits for port esp32p4" });
    const { stack, static: fixed } = memoryBudget(loadBoardConfig("virtual-64k"), "wasm3");
    expect(memoryBudget(waiting, "wasm3"), "reckoned like a virtual board").toMatchObject({ stack, static: fixed });
    expect(() => buildableBoard("esp32-s3-devkitc", folder)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringMatching(/waits for port esp32p4/) }),
    );
  });

  it("leave at least 150 KiB for samples on boards of 64 KiB", () => {
    for (const id of ["virtual-64k", "nrf52-dk"])
      expect(loadBoardConfig(id).sampleBytes).toBeGreaterThanOrEqual(150 * 1024);
  });

  it("turn into the arguments of a virtual board", () => {
    const args = virtualBoardArguments(loadBoardConfig("virtual-64k")).join(" ");
    expect(args).toContain("--ram 65536");
    expect(args).toContain("--partitions kernels=16384,plan=4096,");
  });

  it("name the board that is unknown and those that are known", () => {
    expect(() => loadBoardConfig("wrist-9000")).toThrow(/no board "wrist-9000"; known boards: .*virtual-64k/);
    expect(() => loadBoardConfig("../package")).toThrow(/no board/);
  });

  it("name the field that is wrong", () => {
    const wrongPage = changed("virtual-64k", (board) => Object.assign(board.flash as object, { pageBytes: 1000 }));
    expect(() => loadBoardConfig("virtual-64k", wrongPage)).toThrow(/virtual-64k\.json: flash: pageBytes/);
    const missing = changed("virtual-64k", (board) => delete board.link);
    expect(() => loadBoardConfig("virtual-64k", missing)).toThrow(/link: /);
    const extra = changed("virtual-64k", (board) => Object.assign(board, { speed: 1 }));
    expect(() => loadBoardConfig("virtual-64k", extra)).toThrow(/speed/);
  });

  it("refuse an emulator without the machine that it emulates, and a machine without an emulator", () => {
    const nothing = changed("virt-esp32c3", (board) => delete (board.flashing as { machine?: string }).machine);
    expect(() => loadBoardConfig("virt-esp32c3", nothing)).toThrow(/flashing\.machine: .*one needs the other/);
    const both = changed("nrf52-dk", (board) => Object.assign(board.flashing as object, { machine: "microbit" }));
    expect(() => loadBoardConfig("nrf52-dk", both)).toThrow(/flashing\.machine: .*one needs the other/);
  });

  it("refuse a real board whose sources or hardware are not told, and let a virtual one go without", () => {
    const unsourced = changed("nrf52-dk", (board) => Object.assign(board, { sources: [] }));
    expect(() => loadBoardConfig("nrf52-dk", unsourced)).toThrow(
      /sources: must be there for a board that one can hold/,
    );
    const untold = changed("nrf52-dk", (board) => delete board.hardware);
    expect(() => loadBoardConfig("nrf52-dk", untold)).toThrow(/hardware: must be there/);
    expect(loadBoardConfig("virtual-64k")).toMatchObject({ sources: [] });
  });

  it("refuse partitions that leave no room for samples", () => {
    const full = changed("virtual-64k", (board) => Object.assign(board.flash as object, { bytes: 200 * 1024 }));
    expect(() => loadBoardConfig("virtual-64k", full)).toThrow(/leave no room for samples/);
  });
});
