// The limits that `npm run bench:boards` measures flashing by, beside what a line carries while the methods flash: no client can carry less
// than its protocol's limit, or the limit is wrong, and ours carry little more. Bytes are counted, not time.
import { expect, it } from "vitest";
import { lineTo } from "../host/flash/counterpart_line.ts";
import { firmware } from "../host/flash/job.ts";
import { flashCases, jobOf } from "./boards/flashing.ts";
import { escaped } from "./boards/limits.ts";
import { lineSeconds, PacedLine } from "./boards/paced_line.ts";

const address = "/dev/ttyACM0";

it.each(flashCases)(
  "$name: the line carries what the limit says, and at most a tenth more",
  { timeout: 60_000 },
  async (one) => {
    const image = firmware(20_000);
    const line = Object.assign(new PacedLine(one.device(), Number.POSITIVE_INFINITY), { unplugged: false });
    await one.method(address, lineTo(line))(jobOf(one, image, address));
    const limit = one.limit(image).line;
    expect(limit).toBeGreaterThan(lineSeconds(image.length, 921_600));
    expect(line.busySeconds / limit).toBeGreaterThan(1 - 1e-9);
    expect(line.busySeconds / limit).toBeLessThan(1.1);
  },
);

it("counts the escapes of RFC 1055: END and ESC take two bytes each", () => {
  expect(escaped(Uint8Array.of(1, 0xc0, 2, 0xdb, 0xdb))).toBe(8);
});

it("a paced line carries 11.52 bytes in a millisecond at 115,200 baud, each once, in order", async () => {
  expect(lineSeconds(1152, 115_200)).toBe(0.1);
  const heard: number[] = [];
  const device = { receive: (bytes: Uint8Array) => heard.push(...bytes), onSend() {}, onUnplug() {} };
  const line = new PacedLine(device);
  const startMs = performance.now();
  for (let i = 0; i < 10; i++) line.receive(new Uint8Array(115).fill(i));
  while (heard.length < 1150) await new Promise((done) => setTimeout(done, 1));
  expect(performance.now() - startMs).toBeGreaterThan(99); // a lower bound: a slow machine is later
  expect(heard).toEqual(Array.from({ length: 1150 }, (_, i) => Math.floor(i / 115)));
});
