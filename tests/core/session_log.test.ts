// The session's log, with a port that the test holds.
import { sanitizers, testC } from "./c_program.ts";

const core = (...names: string[]) => names.map((name) => `firmware/core/${name}.c`);
testC({
  name: "session_log",
  sources: [
    "tests/core/session_log_test.c",
    ...core("session/log", "session/outbox", "session/health", "link/frame", "link/log_ring", "digest/crc32"),
  ],
  // Of health.c only the count of resets is called; the rest of the session goes with what calls it.
  flags: [...sanitizers, "-Itests/core", "-ffunction-sections", "-Wl,--gc-sections"],
});
