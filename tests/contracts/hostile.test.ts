// Guests that try to break out. In three builds of wasm3: as the firmware is built, on the native stack that a board leaves to the engine,
// with pointers of both widths; and under the address sanitizer, with every block of the engine on the heap. Ahead of time there are no
// modules to load, and hostile plans run in both engines. On the chips: guest_chips.test.ts.
import { buildGuest } from "../../host/build/guest.ts";
import { engines } from "../core/engine.ts";
import { testSuite } from "./guest/posix.ts";
import { hostileEntries } from "./guest/suite.ts";

const sweep = process.env.FTTE_SWEEP !== undefined;
const sizes = sweep
  ? { draws: 4000, step: 1, mutations: 1_000_000, plans: 1_000_000 }
  : { draws: 200, step: 1, mutations: 10_000, plans: 2000 };

await buildGuest();
for (const engine of engines)
  for (const sanitized of [false, true]) {
    if (sanitized && engine.bits === 64) continue; // the heap does not lie within 4 GiB, where a leaf's operands must
    const pool = sanitized && engine.name === "wasm3" ? { pool: "tests/core/heap_pool.c" } : {};
    await testSuite(
      `hostile_${engine.name}_${engine.bits}${sanitized ? "_sanitized" : ""}`,
      engine,
      { sanitized, ...pool },
      await hostileEntries(engine.name, sizes),
      sweep ? 3_600_000 : 300_000,
    );
  }
