// The guest suites' programs on the chips that QEMU has: built with each port's own compiler, flags, linker script and stack.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { type Engine, type Port, readPort } from "../../../host/build/port.ts";
import { root } from "../../core/c_program.ts";
import { buildDevice, qemu } from "../../core/device_program.ts";
import { chipPorts, onStandardStreams } from "../port/emulated.ts";
import { runRemote } from "../port/remote.ts";
import { type Entry, encodeBundle } from "./suite.ts";

/** Where a bundle is loaded: memory of the machine that no program uses. */
const places = {
  mps2: "0x21800000", // PSRAM, the sensor's samples
  nrf52: "0x400000", // flash, of which the machine is given more
  esp32c3: "0x80d00000",
  esp32: "0x30000000",
};
export type Chip = keyof typeof places;
export const chips = Object.keys(places) as Chip[];

/** What the board's port says of itself. */
export function portOf(chip: Chip): Port {
  const { port, chip: name } = loadBoardConfig(chip === "mps2" ? "mps2-nrf52840" : chipPorts[chip].board);
  return readPort(port, name);
}

const files = ["chip", "suite", "contract", "hostile"].map((name) => `tests/contracts/guest/${name}.c`);
const wrapped = "-Wl,--wrap=ftte_guest_open,--wrap=ftte_guest_call";
const includes = ["core", "assembly", "contracts/guest", "contracts/port"].map((folder) => `-Itests/${folder}`);
const guest = ["firmware/core/guest/pool.c", "firmware/core/guest/gate.c", "tests/assembly/record.c"];

function build(chip: Chip, engine: Engine): string {
  const common = { PORT_STATIC_BYTES: "60000", EXTRA_CFLAGS: [...includes, `-DSUITE_BUNDLE=${places[chip]}u`] };
  const name = `suites_${chip}_${engine}`;
  if (chip === "mps2") {
    const port = ["chip", "flash", "link", "memory", "sensor", "start"].map((part) => `firmware/ports/mps2/${part}.c`);
    port.push("firmware/ports/cortexm/fault.c");
    return buildDevice({
      ...{ name, board: "mps2-nrf52840", engine },
      sources: ["tests/contracts/guest/mps2.c", ...files, ...guest, "firmware/core/digest/sha256.c", ...port],
      variables: {
        ...common,
        EXTRA_CFLAGS: [...common.EXTRA_CFLAGS, "-Ifirmware/ports/mps2"].join(" "),
        EXTRA_LDFLAGS: `--specs=nosys.specs ${wrapped}`,
      },
    });
  }
  const { board, variables } = chipPorts[chip];
  const main = chip === "nrf52" ? "nrf52" : "espressif";
  const line = ["remote.c", "remote_output.c", "contract.c"].map((file) => `tests/contracts/port/${file}`);
  const ldFlags = "EXTRA_LDFLAGS" in variables ? [variables.EXTRA_LDFLAGS] : [];
  return buildDevice({
    ...{ name, board, engine },
    sources: [`tests/contracts/guest/${main}.c`, ...files, ...guest, ...line, "$(filter-out %/main.c,$(PORT_SOURCES))"],
    variables: {
      ...{ ...variables, ...common },
      ...(chip === "nrf52" ? { PORT_LINKER_SCRIPT: "tests/contracts/guest/nrf52.ld" } : {}),
      EXTRA_CFLAGS: [variables.EXTRA_CFLAGS, ...common.EXTRA_CFLAGS].join(" "),
      EXTRA_LDFLAGS: [...ldFlags, wrapped].join(" "),
    },
  });
}

export interface ChipRun {
  folder: string; // what the program was built into
  printed: string;
  ended: boolean;
  stderr: string;
}

/** Builds the program and runs the bundle on it. */
export async function runOnChip(chip: Chip, engine: Engine, entries: Entry[]): Promise<ChipRun> {
  const folder = `${root}build/tests/guest`;
  mkdirSync(folder, { recursive: true });
  const bundle = `${folder}/${chip}_${engine}`;
  writeFileSync(bundle, encodeBundle(entries));
  const load = ["-device", `loader,file=${bundle},addr=${places[chip]},force-raw=on`];
  const program = build(chip, engine);
  if (chip === "mps2") {
    const options = { encoding: "utf8", timeout: 300_000, maxBuffer: 1 << 26 } as const;
    const { stdout, stderr, status } = spawnSync(...qemu(program, ["-serial", "null", ...load]), options);
    return { folder: dirname(program), printed: stdout, ended: status === 0, stderr };
  }
  const memory = join(mkdtempSync(join(tmpdir(), "ftte-suites-")), "memory");
  const more = chip === "nrf52" ? ["-global", `nrf51-soc.flash-size=${16 << 20}`] : [];
  const { printed, stderr } = await runRemote([...onStandardStreams(chip, program, memory), ...more, ...load], 300_000);
  return { folder: dirname(program), printed, ended: true, stderr };
}
