// The guest contract, on every engine that runs here, with pointers of both widths, plain and under the sanitizers. On the chips:
// guest_chips.test.ts.
import { buildGuest } from "../../host/build/guest.ts";
import { engines } from "../core/engine.ts";
import { testSuite } from "./guest/posix.ts";
import { contractEntries } from "./guest/suite.ts";

await buildGuest();
for (const engine of engines)
  for (const sanitized of [false, true])
    await testSuite(
      `contract_${engine.name}_${engine.bits}${sanitized ? "_sanitized" : ""}`,
      engine,
      { sanitized },
      await contractEntries(engine.name),
    );
