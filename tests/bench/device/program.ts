// The programs of the device benchmark, built for mps2 with an nRF52840's RAM and flash, and what each weighs.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { builtGuest } from "../../../host/build/root.ts";
import { buildDevice } from "../../core/device_program.ts";

/** Engines of the firmware, then plain C (floor.c) and tuned C (tuned.c). */
export type Engine = "wasm3" | "aot" | "c-floor" | "c-tuned";
export const engines: Engine[] = ["c-floor", "c-tuned", "aot", "wasm3"];

export interface Program {
  engine: Engine;
  path: string; // of the ELF file
  /** Bytes of code and constants, kernels.wasm included where it is interpreted; the harness, the port and the model are left out. */
  flash: number;
  /** Bytes of static RAM, the harness's and the port's left out. */
  staticRam: number;
}

const port = ["chip", "flash", "link", "memory", "sensor", "start"].map((name) => `firmware/ports/mps2/${name}.c`);
const common = [
  "tests/bench/device/harness.c",
  "firmware/core/digest/sha256.c",
  "firmware/ports/cortexm/fault.c",
  ...port,
];
const guest = ["tests/bench/device/guest.c", "firmware/core/guest/pool.c", "firmware/core/guest/gate.c"];

function compile(name: string, own: string[], engine?: "wasm3" | "aot", more: Record<string, string> = {}): string {
  const { flags = "", ...variables } = more;
  return buildDevice({
    ...{ name: `device-${name}`, board: "mps2-nrf52840", sources: [...own, ...common] },
    ...(engine && { engine }),
    variables: {
      ...{ PORT_STATIC_BYTES: "8192", EXTRA_CFLAGS: `-Itests/bench/device -Ifirmware/ports/mps2 ${flags}` },
      ...variables,
    },
  });
}

function sizes(path: string): { flash: number; ram: number } {
  const { stdout } = spawnSync("arm-none-eabi-size", [path], { encoding: "utf8" });
  const [text, data, bss] = stdout.split("\n")[1]!.trim().split(/\s+/).map(Number) as [number, number, number];
  return { flash: text + data, ram: data + bss };
}

/**
 * @param layered C's layers stay functions, so that a trace tells them apart: some dozen instructions more for each. Engines have none
 * @throws Error with the compiler's output
 */
export function build(engine: Engine, layered = false): Program {
  const name = layered ? `${engine}-layered` : engine;
  const path =
    engine === "wasm3" || engine === "aot"
      ? compile(engine, guest, engine)
      : compile(name, [`tests/bench/device/${engine.slice(2)}.c`], undefined, {
          ...(engine === "c-tuned" && { OPTIMISE: "-O3 -fno-split-wide-types -fno-schedule-insns" }),
          ...(layered && {
            flags: "-fno-inline-functions-called-once -fno-inline-small-functions -fno-inline-functions",
          }),
        });
  const empty = sizes(compile("empty", ["tests/bench/device/empty.c"]));
  const own = sizes(path);
  const interpreted = engine === "wasm3" ? statSync(builtGuest("kernels.wasm")).size : 0;
  return { engine, path, flash: own.flash - empty.flash + interpreted, staticRam: own.ram - empty.ram };
}
