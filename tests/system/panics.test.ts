// A fault in the whole firmware on an emulated Cortex-M4F: a debugger puts what is no instruction where a function begins, and the host learns
// from the board, once, which function that was.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { EmulatedBoard } from "../../host/boards/emulated.ts";
import { Debugger } from "../../host/boards/gdb.ts";
import { panicReport } from "../../host/boards/panic_text.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { programOf, Symbols } from "../../host/build/symbols.ts";
import { Architecture, ResetReason } from "../../host/wire/spec.gen.ts";
import { hello, session } from "./conversation.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-panics-"));
const line = join(folder, "gdb");

class DebuggedBoard extends EmulatedBoard {
  protected override command(): [string, ...string[]] {
    return [...super.command(), "-gdb", `unix:${line},server=on,wait=off`];
  }
}

let board: DebuggedBoard;
let program: string;
beforeAll(async () => {
  const config = loadBoardConfig("mps2-nrf52832");
  program = (await buildFirmware({ board: config, engine: "wasm3" })).path;
  board = new DebuggedBoard({ name: "panics", folder, program, board: config });
  await board.start();
});
afterAll(async () => {
  await board.kill();
  rmSync(folder, { recursive: true, force: true });
});

const asked = () =>
  session(board, async (open) => {
    await open.hello();
    return open.panic();
  });

it("names the function in which a board lost control, once", { timeout: 60_000 }, async () => {
  expect((await asked()).architecture).toBe(Architecture.none);
  const symbols = execFileSync("nm", [program], { encoding: "utf8" });
  const at = Number.parseInt(/^([0-9a-f]+) T ftte_recorder_poll$/m.exec(symbols)![1]!, 16) & ~1; // called all the time
  const cpu = await Debugger.attach(line);
  await cpu.write(at, Uint8Array.of(0xff, 0xde)); // UDF #255 (ARMv7-M ARM, A7.7.194); the next reset loads the image again
  await cpu.detach();
  await expect.poll(async () => (await hello(board)).resetReason, { timeout: 30_000 }).toBe(ResetReason.fault);
  const build = (await hello(board)).firmwareBuild;
  const report = panicReport(await asked(), Symbols.read(programOf(build)!));
  expect(report).toMatchObject({ reason: "fault", architecture: "cortexM", cause: "no instruction", pc: at });
  expect(report).toMatchObject({ function: "ftte_recorder_poll", caller: "ftte_session_poll" });
  expect((await asked()).pc).toBe(at); // a repeated question is answered alike
  await session(board, async (open) => {
    await open.hello();
    await open.reset("board");
  });
  await expect.poll(async () => (await hello(board)).resetReason, { timeout: 30_000 }).toBe(ResetReason.software);
  expect((await asked()).architecture).toBe(Architecture.none);
});
