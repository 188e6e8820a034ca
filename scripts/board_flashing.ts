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
    by: "the bootloader's serial port (Adafruit's serial DFU)",
    port: () => ["/dev/ttyACM0", "the bootloader's serial port"],
  },
  "nordic-dfu": {
    by: "the bootloader's serial port (Nordic's Secure DFU)",
    port: () => ["/dev/ttyACM0", "the bootloader's serial port"],
  },
  jlink: { by: "its J-Link, through Nordic's nrfutil", port: probe },
  "cmsis-dap": { by: "a CMSIS-DAP probe", port: probe },
};

/** "uf2, adafruit-dfu" for the index; "–" for boards that are not flashed. */
export const methodList = (board: BoardConfig): string => (isLocal(board) ? "–" : methodNames(board).join(", "));

function local({ id, flashing }: BoardConfig): string {
  return [
    `There is nothing to flash: ${flashing.note}. This builds it, and lets a board that runs it for a moment say hello:`,
    `    npx ftte flash --board ${id}`,
    "This starts one, and prints the address of its link:",
    `    npm run board -- ${id}`,
  ].join("\n\n");
}

/** Where the new firmware says hello, if that is not the port that it is flashed by. */
function linkPort({ link, flashing }: BoardConfig): string | undefined {
  if (link.kind === "uart") return "/dev/ttyUSB0";
  return flashing.method === "esptool" ? undefined : "/dev/ttyACM0";
}

function way(board: BoardConfig, name: keyof typeof ways): string {
  const [example, what] = ways[name].port(board);
  const link = linkPort(board);
  const options = [`--board ${board.id}`, `--port ${example}`, ...(link ? [`--link ${link}`] : [])];
  const linkWords = link ? ` \`--link\`: the serial port of its link, where the new firmware says hello.` : "";
  return [`    npx ftte flash ${options.join(" ")}`, `\`--port\`: ${what}.${linkWords}`].join("\n\n");
}

/** The section of the page. */
export function flashingSection(board: BoardConfig): string {
  const title = "## Flashing";
  if (isLocal(board)) return [title, local(board)].join("\n\n");
  if (!board.buildable) return [title, `Not yet: the board ${board.status}.`].join("\n\n");
  const [usual, ...others] = methodNames(board) as (keyof typeof ways)[];
  const also = others.map((name) => `\`${name}\`, ${ways[name].by}`).join("; ");
  return [
    title,
    `By ${ways[usual!].by} (\`${usual}\`):`,
    way(board, usual!),
    `Of this board: ${board.flashing.note}.`,
    ...(also ? [`Further methods: ${also}.`] : []),
  ].join("\n\n");
}
