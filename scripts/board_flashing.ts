// How a board is flashed, in words and with the command line to type; for its page. Pure, from the config. docs/cli.md has all options.
import { type BoardConfig, isLocal } from "../host/boards/config.ts";
import { type MethodName, methodNames } from "../host/flash/methods.ts";

interface Way {
  by: string;
  /** What `--port` names: an example of it, and what that is. */
  port: (board: BoardConfig) => [example: string, what: string];
}

const probe: Way["port"] = () => ["SERIAL", "the debug probe's serial number"];

const ways: Record<Exclude<MethodName, "process" | "emulator">, Way> = {
  esptool: {
    by: "the ROM's serial loader",
    port: () => ["/dev/ttyUSB0", "the serial port that the board's USB-to-UART bridge is"],
  },
  uf2: {
    by: "the bootloader's UF2 drive",
    port: ({ flashing }) => [
      `/media/$USER/${flashing.volume}`,
      `the folder where the drive ${flashing.volume} is mounted`,
    ],
  },
  "adafruit-dfu": {
    by: "Adafruit's serial DFU, at the bootloader's port",
    port: () => ["/dev/ttyACM0", "the bootloader's serial port"],
  },
  "nordic-dfu": {
    by: "Nordic's Secure DFU, at the bootloader's port",
    port: () => ["/dev/ttyACM0", "the bootloader's serial port"],
  },
  jlink: { by: "its J-Link, through Nordic's nrfutil", port: probe },
  "cmsis-dap": { by: "a CMSIS-DAP probe", port: probe },
};

/** "uf2, adafruit-dfu" for the index; "–" for boards that are not flashed. */
export const methodList = (board: BoardConfig): string => (isLocal(board) ? "–" : methodNames(board).join(", "));

function local({ id, flashing }: BoardConfig): string {
  return [
    `It is ${flashing.note}. This builds it, and lets a board that runs it for a moment say hello:`,
    `    npx ftte flash --board ${id}`,
    "This starts one, and prints the address of its link:",
    `    npm run board -- ${id}`,
  ].join("\n\n");
}

/** Where the new firmware says hello, if the host cannot tell by the place where the board is flashed. */
function linkPort({ link }: BoardConfig, method: keyof typeof ways): string | undefined {
  if (link.kind === "uart") return "/dev/ttyUSB0";
  return method === "cmsis-dap" ? "/dev/ttyACM0" : undefined;
}

function way(board: BoardConfig, name: keyof typeof ways): string {
  const [example, what] = ways[name].port(board);
  const link = linkPort(board, name);
  const options = [
    `--board ${board.id}`,
    ...(name === board.flashing.method ? [] : [`--method ${name}`]),
    `--port ${example}`,
    ...(link ? [`--link ${link}`] : []),
  ];
  const linkWords = link ? " `--link`: the serial port of its link, where the new firmware says hello." : "";
  return [
    `By ${ways[name].by} (\`${name}\`):`,
    `    npx ftte flash ${options.join(" ")}`,
    `\`--port\`: ${what}.${linkWords}`,
  ].join("\n\n");
}

/** The section of the page. */
export function flashingSection(board: BoardConfig): string {
  const title = "## Flashing";
  if (isLocal(board)) return [title, local(board)].join("\n\n");
  if (!board.buildable) return [title, `Not yet: the board ${board.status}.`].join("\n\n");
  const names = methodNames(board) as (keyof typeof ways)[];
  return [
    title,
    ...names.map((name) => way(board, name)),
    `Its config adds: ${board.flashing.note}. Where only one such board is connected, \`--port\` may be left out.`,
  ].join("\n\n");
}
