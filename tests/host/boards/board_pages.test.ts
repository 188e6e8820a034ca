// The pages in docs/boards, as written, against the configs, read as plain JSON: no fact is lost or altered on the way, and what the pages
// say of memory adds up. That they are up to date is checked by scripts/check.ts.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { boardIds } from "../../../host/boards/config.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFileSync(root + path, "utf8");
const pageOf = (id: string) => read(`docs/boards/${id}.md`);
const configOf = (id: string) => JSON.parse(read(`board-configs/${id}.json`));
const held = boardIds().filter((id) => !["process", "emulator"].includes(configOf(id).flashing.method));

const toBytes = (text: string) => Number.parseFloat(text) * (text.endsWith("KiB") ? 1024 : 1);
const sizes = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => toBytes(found!));
/** Cells of every row of a table. */
const rows = (text: string) =>
  [...text.matchAll(/^\| (.*) \|$/gm)].map(([, cells]) => cells!.split(" | ").map((cell) => cell.trim()));

it("there is a page for each board, an index that lists them all, and nothing else", () => {
  expect(readdirSync(`${root}docs/boards`).sort()).toEqual(["README.md", ...boardIds().map((id) => `${id}.md`)].sort());
  const listed = rows(read("docs/boards/README.md")).map(([board]) => /^\[(.*)\]\(\1\.md\)$/.exec(board!)?.[1]);
  expect(listed.filter(Boolean).sort()).toEqual(boardIds());
});

describe.each(boardIds())("%s", (id) => {
  const page = pageOf(id);
  const config = configOf(id);

  it("has partitions, two slots each, and samples that fill ftte's flash", () => {
    const slots = sizes(page, /^\| \w+ +\| ([\d.]+ KiB) +\| .*\|$/gm);
    expect(slots).toHaveLength(Object.keys(config.flash.partitions).length);
    const [samples] = sizes(page, /Samples take the other ([\d.]+ (?:KiB|bytes))/g);
    const [region] = sizes(page, /Flash, ([\d.]+ (?:KiB|bytes)) from/g);
    expect(2 * slots.reduce((sum, bytes) => sum + bytes, 0) + samples!).toBe(region);
    expect(region).toBe(config.flash.bytes);
  });

  it("names its RAM, sensors and sources", () => {
    expect(sizes(page, /RAM, ([\d.]+ (?:KiB|bytes)) from/g)).toEqual(config.ram.map((r: { bytes: number }) => r.bytes));
    for (const { name, pins = {} } of config.sensors) {
      const line = page.split("\n").find((text) => text.startsWith(`- ${name}`));
      for (const [signal, pin] of Object.entries(pins)) expect(line).toContain(`${signal} ${pin}`);
    }
    for (const source of config.sources) expect(page).toContain(`\n- ${source}\n`);
  });
});

describe.each(held)("%s, which one can hold", (id) => {
  const page = pageOf(id);
  const config = configOf(id);

  it("is wired, pin by pin, as its firmware is built", () => {
    const wired = rows(page).map(([signal, pin]) => `${signal} ${pin}`);
    for (const [signal, pin] of Object.entries(config.pins)) expect(wired).toContain(`${signal} ${pin}`);
    expect(page.includes("adapter's RX")).toBe(config.link.kind === "uart");
  });

  it("says each button, what to press for the bootloader, and what must be known", () => {
    const { buttons, bootloader, notes } = config.hardware;
    for (const { name, pin = "–", use } of buttons) expect(rows(page)).toContainEqual([name, pin, use]);
    if (bootloader.byHand) expect(page).toContain(bootloader.byHand);
    for (const note of notes) expect(page).toContain(`\n- ${note}\n`);
  });

  it("gives a command for each of its methods, or says what it waits for", () => {
    const waits = page.includes(`the board waits for port ${config.port}`);
    const commands = [...page.matchAll(/^ {4}npx ftte flash (.*)$/gm)].map(([, options]) => options!);
    const methods = [config.flashing.method, ...(config.flashing.alternatives ?? [])];
    expect(commands).toHaveLength(waits ? 0 : methods.length);
    for (const [i, options] of commands.entries()) {
      expect(options).toContain(`--board ${id} ${i === 0 ? "" : `--method ${methods[i]} `}--port `);
      if (config.link.kind === "uart") expect(options).toContain("--link ");
    }
  });

  it("does not claim to have run on hardware unless its config says what was seen", () => {
    expect(page.includes("Hardware: not yet.")).toBe(config.tried.hardware.length === 0);
  });
});
