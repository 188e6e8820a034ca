// Which nRF52 chips' firmware opens the debug port at its start, beside Nordic's own table: MDK, nrf52_erratas.h, nrf52_configuration_249().
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { boardHeader } from "../../host/build/board_header.ts";
import { compileC, root } from "./c_program.ts";

/** The program for a board's chip; given FICR's chip, revision and UICR.APPROTECT it says what was written. */
function startOf(board: string): (...words: string[]) => string {
  const folder = join("build/tests", `debug-port-${board}`);
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, "board_config.h"), boardHeader(loadBoardConfig(board)));
  const program = compileC({
    name: `${folder.split("/").at(-1)!}-test`,
    sources: ["tests/core/nrf52_debug_port_test.c", "firmware/ports/nrf52/debug_port.c"],
    flags: [`-I${folder}`, "-Ifirmware/ports/nrf52", "-Wno-int-to-pointer-cast", "-Wno-array-bounds"],
  });
  return (...words) => execFileSync(program, { input: words.join(" "), encoding: "utf8" }).trim();
}

const opened = "0000005a";
const erased = "ffffffff";

describe.each([
  { board: "nrf52-dk", chip: "6", last: "6", first: "7" },
  { board: "nrf52833-dk", chip: "d", last: "1", first: "2" },
  { board: "nrf52840-dk", chip: "8", last: "4", first: "5" },
])("$board", ({ board, chip, last, first }) => {
  const start = startOf(board);

  it("opens the debug port, as UICR has it, on the revisions that close it", () => {
    expect(start(chip, first, opened)).toBe("5a");
    expect(start(chip, "ff", opened)).toBe("5a");
  });

  it("leaves it closed where UICR does", () => {
    expect(start(chip, first, erased)).toBe(erased);
    expect(start(chip, first, "00000000")).toBe("0");
  });

  it("writes nothing on older revisions, which have no such register, and on other chips", () => {
    expect(start(chip, last, opened)).toBe("nothing");
    expect(start(chip, "0", opened)).toBe("nothing");
    expect(start("a", "ff", opened)).toBe("nothing");
  });
});

it("reads nothing on the emulator's chip, which has no such words", () => {
  expect(startOf("microbit-nrf52840")("8", "ff", opened)).toBe("nothing");
});
