// C programs for a chip: built by firmware/Makefile with the port's own compiler, flags and linker script. Those of port mps2 run in QEMU's
// mps2-an386, printing through semihosting; their lines are vitest tests as those of c_program.ts are. The other ports' programs run as
// tests/contracts/port/emulated.ts says.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { boardHeader } from "../../host/build/board_header.ts";
import { writeIfChanged } from "../../host/build/firmware.ts";
import { root } from "./c_program.ts";

export interface DeviceProgram {
  name: string;
  /** The board whose port builds the program, and whose RAM and flash it is linked into. */
  board: string;
  /** Paths from the project's root: instead of the firmware's own, the port's main.c included. */
  sources: string[];
  /** With an engine of the firmware; without one when left out. */
  engine?: "wasm3" | "aot";
  /** Further variables of firmware/Makefile. */
  variables?: Record<string, string>;
}

/** Builds the program under build/tests and returns its path. @throws Error with the compiler's output */
export function buildDevice({ name, board, sources, engine, variables }: DeviceProgram): string {
  const out = `build/tests/${name}`;
  const config = loadBoardConfig(board);
  writeIfChanged(`${root}${out}`, "board_config.h", boardHeader(config));
  const noEngine = { ENGINE_SOURCES: "", FOREIGN_SOURCES: "", FTTE_BLAS_SOURCES: "" };
  const semihosting = config.port === "mps2" ? ["tests/core/semihosting.c"] : [];
  const all = {
    ...{ PORT: config.port, CHIP: config.chip, NAME: name, OUT: out, PORT_IMAGES: "" },
    MACHINE: config.flashing.machine ?? "",
    OWN_SOURCES: [...sources, ...semihosting].join(" "),
    ...(semihosting.length > 0 ? { EXTRA_LDFLAGS: "--specs=nosys.specs" } : {}),
    ...(engine ? { ENGINE: engine } : noEngine),
  };
  const words = Object.entries({ ...all, ...variables }).map(([key, value]) => `${key}=${value}`);
  const run = spawnSync("make", ["-C", "firmware", "-j2", ...words], { cwd: root, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`${name}: ${run.stdout}${run.stderr}`);
  return `${root}${out}/ftte-${name}.elf`;
}

/** The command line of QEMU: what a program prints comes on standard output. `args` are further ones, beside the machine. */
export function qemu(path: string, args: string[]): [command: string, args: string[]] {
  const machine = ["-M", "mps2-an386", "-display", "none", "-monitor", "none"];
  const semihosting = ["-chardev", "stdio,id=out", "-semihosting-config", "enable=on,target=native,chardev=out"];
  return ["qemu-system-arm", [...machine, ...semihosting, ...args, "-kernel", path]];
}

/** One vitest test per line that the program prints. */
export function testDevice(program: DeviceProgram, args: string[]): void {
  const run = spawnSync(...qemu(buildDevice(program), args), {
    encoding: "utf8",
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });
  testLines(program.name, run.stdout, run.status === 0, run.stderr);
}

/** One vitest test per line, and one that the program came to its end. */
export function testLines(name: string, printed: string, ended: boolean, complaint: string): void {
  const lines = printed.split("\n");
  describe(name, () => {
    for (const line of lines) {
      const match = /^(not )?ok - (.*)$/.exec(line);
      if (match) it(match[2]!, () => expect(match[1] ? line : "").toBe(""));
    }
    it("runs to its end", () => expect(lines.includes("done") && ended, complaint.slice(-4000)).toBe(true));
  });
}
