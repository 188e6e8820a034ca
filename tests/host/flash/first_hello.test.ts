// Waiting for the new firmware's hello where nobody answers; who answers is tests/system/flash.test.ts's.

import { expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { firstHello } from "../../../host/flash/first_hello.ts";

const expected = { name: "wrist-07", board: loadBoardConfig("esp32-devkitc"), build: 7 };

it("says that the firmware is there but silent, why, and what to do", async () => {
  await expect(firstHello("/dev/ttyNone9", expected, { patienceMs: 300 })).rejects.toMatchObject({
    code: "flash-failed",
    message: expect.stringMatching(
      /wrist-07: it has not said hello within 0\.3 s \(.*no such device.*\); the board holds the new firmware; press its reset button/,
    ),
  });
});

it("ends when it is given up, and says what the board has", async () => {
  const signal = AbortSignal.timeout(100);
  await expect(firstHello("/dev/ttyNone9", expected, { signal })).rejects.toMatchObject({
    code: "interrupted",
    message: expect.stringMatching(/the board holds the new firmware; see whether it runs/),
  });
});
