// The bound of native stack, on call graphs written down here as gcc writes them. On real firmware: chip_images.test.ts, emulated.test.ts
// and contracts/guest_chips.test.ts, where it is held against what was painted.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPort } from "../../../host/build/port.ts";
import { engineStackBytes, sessionStackBytes } from "../../../host/build/stack.ts";

const port = { ...readPort("mps2"), interruptBytes: 100 };
const run = "firmware/ports/mps2/main.c:run";

/** A firmware's folder: functions with their frames ("24 bytes (static)" and the like, undefined when there is none), and who calls whom. */
function firmware(frames: Record<string, string | undefined>, calls: [from: string, to: string][]): string {
  const folder = mkdtempSync(join(tmpdir(), "ftte-stack-"));
  const nodes = Object.entries(frames).map(([title, frame]) =>
    frame === undefined
      ? `node: { title: "${title}" label: "${title}\\n<built-in>" shape : ellipse }`
      : `node: { title: "${title}" label: "${title}\\na.c:1:1\\n${frame}" }`,
  );
  const edges = calls.map(([from, to]) => `edge: { sourcename: "${from}" targetname: "${to}" label: "a.c:2:2" }`);
  mkdirSync(join(folder, "obj", "core"), { recursive: true });
  writeFileSync(join(folder, "obj", "core", "a.ci"), ['graph: { title: "a.c"', ...nodes, ...edges, "}"].join("\n"));
  return folder;
}

const bytes = (count: number) => `${count} bytes (static)`;
const engine = { ftte_guest_call: bytes(200), ftte_guest_open: bytes(300) };
const bound = (frames: Record<string, string | undefined>, calls: [string, string][]) =>
  sessionStackBytes(firmware({ [run]: bytes(8), ...engine, ...frames }, calls), port, "aot");

describe("the native stack of a session", () => {
  it("is the deepest path, not the longest and not the sum, and an interrupt's entry", () => {
    const frames = { a: bytes(16), b: bytes(16), deep: bytes(40) };
    expect(
      bound(frames, [
        [run, "a"],
        ["a", "b"],
        [run, "deep"],
      ]),
    ).toBe(8 + 40 + 100);
    expect(
      bound({ ...frames, b: bytes(32) }, [
        [run, "a"],
        ["a", "b"],
        [run, "deep"],
      ]),
    ).toBe(8 + 16 + 32 + 100);
  });

  it("counts functions of the C library, which have no frame in the graph", () => {
    expect(bound({ memcpy: undefined }, [[run, "memcpy"]])).toBe(8 + 96 + 100);
  });

  it("follows pointers that are known", () => {
    const frames = { ftte_command_run: bytes(16), "firmware/core/session/commands.c:run_hello": bytes(344) };
    const calls: [string, string][] = [
      [run, "ftte_command_run"],
      ["ftte_command_run", "__indirect_call"],
    ];
    expect(bound(frames, calls)).toBe(8 + 16 + 344 + 100);
    expect(() => bound({ ftte_command_run: bytes(16) }, calls)).toThrow("which is not there");
  });

  it.each<[string, Record<string, string | undefined>, [string, string][], string]>([
    [
      "a call through a pointer",
      { a: bytes(8) },
      [
        [run, "a"],
        ["a", "__indirect_call"],
      ],
      "run → a calls through a pointer",
    ],
    [
      "a recursion",
      { a: bytes(8), b: bytes(8) },
      [
        [run, "a"],
        ["a", "b"],
        ["b", "a"],
      ],
      "run → a → b → a calls itself",
    ],
    ["a frame", { printf: undefined }, [[run, "printf"]], "the frame of printf is not known"],
    ["a frame of variable size", { a: "72 bytes (dynamic)" }, [[run, "a"]], "the frame of a is not known"],
  ])("refuses to guess at %s that it does not know", (_, frames, calls, message) => {
    expect(() => bound(frames, calls)).toThrow(message);
  });

  it("of the engine is that of the deeper of its two calls", () => {
    expect(engineStackBytes(firmware({ ...engine, a: bytes(150) }, [["ftte_guest_call", "a"]]), port, "aot")).toBe(350);
    expect(engineStackBytes(firmware(engine, []), port, "aot")).toBe(300);
  });

  it("without tail calls is that of the guest's calls, of all that a function may do, and of the deepest operation", () => {
    const interpreter = (add: number, store: number) => {
      const operations = {
        op_Entry: bytes(40),
        op_Branch: bytes(24),
        op_i32_Add_rs: bytes(add),
        op_f32_Store_f32_ss: bytes(store),
      };
      const folder = firmware({ ...engine, ...operations }, [["ftte_guest_call", "m3_Call"]]);
      return engineStackBytes(folder, { ...port, tailCalls: false }, "wasm3");
    };
    expect(interpreter(56, 88)).toBe(200 + 4 * 384 * 4 + 40 + 9216 + 88);
    expect(() => interpreter(57, 88)).toThrow("op_i32_Add_rs takes 81 bytes of stack: FTTE_CHECK_LIGHT_BYTES");
    expect(() => interpreter(56, 89)).toThrow("op_f32_Store_f32_ss takes 113 bytes of stack: FTTE_CHECK_HEAVY_BYTES");
  });

  it("is not to be had of a firmware without call graphs", () => {
    const folder = mkdtempSync(join(tmpdir(), "ftte-stack-"));
    mkdirSync(join(folder, "obj"));
    expect(() => sessionStackBytes(folder, port, "aot")).toThrow("no call graph");
  });
});
