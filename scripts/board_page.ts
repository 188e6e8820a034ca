// A board's page in docs/boards, from its config alone; pure. generate_boards.ts writes the files. Says nothing that the config does not know.
import { type BoardConfig, isLocal } from "../host/boards/config.ts";
import { flashingSection } from "./board_flashing.ts";

type Partition = keyof BoardConfig["flash"]["partitions"];

const contents: Record<Partition, string> = {
  kernels: "the kernels, a WebAssembly module",
  plan: "the binary plan",
  frozen: "frozen weights",
  slice: "the trainable parameters",
  delta: "a change to the slice, as the host sends it",
  update: "what the board reports after its training",
  checkpoint: "where training goes on after a power cut",
  residual: "what rounding left out of the updates so far",
  health: "what outlives resets: their causes, wear",
  firmware: "firmware that came over the air",
};

const entries = {
  "dtr-rts":
    "In the chip's ROM. Flashing resets the chip into it by the serial port's DTR and RTS signals: there is nothing to press.",
  "reset-button": "A bootloader lies in flash beside the firmware, and the reset button opens it.",
  none: "None: a debug probe stops the chip and writes its flash.",
} as const;

/** "320 KiB"; in bytes where it is no half of a KiB. */
export const size = (bytes: number): string => (bytes % 512 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`);

/** A table of Markdown, its columns aligned. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)].join("\n");
}

const list = (items: string[]) => items.map((item) => `- ${item}`).join("\n");
const pinList = (pins: Record<string, string>) =>
  Object.entries(pins)
    .map(([signal, pin]) => `${signal} ${pin}`)
    .join(", ");

function introduction({ id, chip, class: boardClass, port, status }: BoardConfig): string {
  const facts = [
    `Chip ${chip}`,
    `class \`${boardClass}\``,
    status === "builds" ? `port \`firmware/ports/${port}\`` : status,
  ];
  return `\`${id}\`. ${facts.join(", ")}. Its config: \`board-configs/${id}.json\`.`;
}

function cable({ link }: BoardConfig): string {
  const note = link.note ? ` (${link.note})` : "";
  if (link.kind === "usb-uart")
    return `One USB cable. The board's own converter leads the UART below to a serial port, at ${link.baud} baud${note}.`;
  return `The link is the UART below, at ${link.baud} baud${note}. The adapter's RX goes to tx, its TX to rx, GND to GND; power comes by USB.`;
}

function wiring(board: BoardConfig): string {
  const { pins, usb, hardware } = board;
  const header = hardware?.header;
  const rows = Object.entries(pins).map(([signal, pin]) => [signal, pin, ...(header ? [header[signal] ?? "–"] : [])]);
  const devices = usb.map(({ vendor, product, note }) => `\`${vendor}:${product}\`, ${note}`).join("; ");
  return [
    "## Wiring",
    cable(board),
    table([["signal", "chip's pin", ...(header ? ["header's pin"] : [])], ...rows]),
    `USB devices by which the host knows it: ${devices}.`,
    ...(hardware?.notes.length ? [list(hardware.notes)] : []),
  ].join("\n\n");
}

function buttons({ hardware }: BoardConfig): string {
  const rows = hardware!.buttons.map(({ name, pin, use }) => [name, pin ?? "–", use]);
  return `## Buttons\n\n${rows.length ? table([["button", "pin", "what it does"], ...rows]) : "None."}`;
}

function bootloader({ hardware }: BoardConfig): string {
  const { entry, byHand } = hardware!.bootloader;
  const press = byHand ? ` By hand: ${byHand}.` : "";
  return `## Bootloader\n\n${entries[entry]}${press}`;
}

function sensors(board: BoardConfig): string {
  const items = board.sensors.map(({ name, bus, address, pins, driver }) =>
    [
      name,
      ...(driver ? [`driven by ${driver.name} (docs/sensors.md)`] : []),
      ...(bus === "none" ? [] : [`by ${bus}${address ? `, address ${address}` : ""}`]),
      ...(pins ? [pinList(pins)] : []),
    ].join("; "),
  );
  return `## Sensors\n\n${items.length ? list(items) : "None on the board."}`;
}

function memory({ ram, flash, sampleBytes }: BoardConfig): string {
  const regions = ram.map(({ at, bytes, use }) => `RAM, ${size(bytes)} from ${at}: ${use}.`);
  const rows = Object.entries(flash.partitions)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => [name, size(bytes), contents[name as Partition]]);
  return [
    "## Memory",
    list([
      ...regions,
      `Flash, ${size(flash.bytes)} from ${flash.at}: ftte's region, in pages of ${size(flash.pageBytes)}, programmed ${flash.programBytes} bytes at a time. The firmware lies outside.`,
    ]),
    "Each of these has two slots there:",
    table([["partition", "one slot", "what lies in it"], ...rows]),
    `Samples take the other ${size(sampleBytes)}.`,
  ].join("\n\n");
}

function triedSection(board: BoardConfig): string {
  const { emulated, image, hardware } = board.tried;
  const real = [
    `Image checked: ${image ?? "no"}.`,
    ...(hardware.length ? hardware.map((seen) => `Hardware: ${seen}.`) : ["Hardware: not yet."]),
  ];
  const items = isLocal(board) ? [`It ${emulated}.`] : [`Emulated: ${emulated}.`, ...real];
  const more = "[hardware-status.md](../hardware-status.md) says what these words prove, and what no emulator shows.";
  return `## What was tried\n\n${list(items)}\n\n${more}`;
}

const sourcesSection = ({ sources }: BoardConfig) => (sources.length ? [`## Sources\n\n${list(sources)}`] : []);

/** The whole page. */
export function boardPage(board: BoardConfig): string {
  const held = isLocal(board) ? [] : [wiring(board), buttons(board), bootloader(board)];
  return `${[
    `# ${board.name}`,
    introduction(board),
    ...held,
    flashingSection(board),
    sensors(board),
    memory(board),
    triedSection(board),
    ...sourcesSection(board),
    `(Made by scripts/generate_boards.ts of the config; do not edit.)`,
  ].join("\n\n")}\n`;
}
