// A counterpart behind a pty, spoken to through a real serial port: bytes both ways, the baud rate, the plug that is pulled and put back.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterAll, describe, expect, it } from "vitest";
import type { SerialDevice } from "./counterpart.ts";
import { EspRom } from "./esp_rom.ts";
import { attachToPty } from "./pty_line.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-counterpart-"));
afterAll(() => rmSync(folder, { recursive: true }));

function open(path: string, baudRate: number): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  return new Promise((resolve, reject) => port.open((error) => (error ? reject(error) : resolve(port))));
}

/** Resolves with the first `count` bytes that come. */
function bytes(port: SerialPort, count: number): Promise<string> {
  let heard = Buffer.alloc(0);
  return new Promise((resolve) => {
    port.on("data", (more: Buffer) => {
      heard = Buffer.concat([heard, more]);
      if (heard.length >= count) resolve(heard.subarray(0, count).toString("hex"));
    });
  });
}

const sync = Buffer.from(`c0000824000000000007071220${"55".repeat(32)}c0`, "hex");
const readMagic = Buffer.from("c0000a04000000000000100040c0", "hex");

describe("a counterpart behind a pty", () => {
  it("hears and answers, knows the client's rate, and hangs up when a fault unplugs it", async () => {
    const rom = new EspRom({ faults: { packets: [{ harm: "unplug", direction: "in", packet: 2 }] } });
    const line = await attachToPty(rom, join(folder, "board"));
    const port = await open(line.path, 230_400);
    const answers = bytes(port, 8 * 14 + 14);
    port.write(sync);
    port.write(readMagic);
    expect((await answers).slice(-28)).toBe("c0010a0400831df00000000000c0");
    expect(rom.baudRate).toBe(230_400);
    const closed = new Promise((resolve) => port.once("close", resolve));
    port.write(readMagic);
    await Promise.all([closed, line.gone]);
    expect(rom.unplugged).toBe(true);
    rom.replug();
    const again = await attachToPty(rom, join(folder, "board"));
    const second = await open(again.path, 115_200);
    const answer = bytes(second, 8 * 14);
    second.write(sync);
    expect(await answer).toBe("c0010804000707122000000000c0".repeat(8));
    await again.unplug();
  });

  it("carries 256 KiB to a client that reads late, whole and in order", async () => {
    const image = Buffer.from(Array.from({ length: 256 << 10 }, (_, i) => (i * 31 + (i >> 8)) & 255));
    const device: SerialDevice = {
      receive: () => device.onSend(image),
      onSend() {},
      onUnplug() {},
    };
    const line = await attachToPty(device);
    const port = await open(line.path, 115_200);
    port.write("x");
    await new Promise((done) => port.once("readable", done)); // then the pty is full, as nobody has read
    expect(await bytes(port, image.length)).toBe(image.toString("hex"));
    await line.unplug();
  });

  it("tells when its line is closed, and at which rate it was", async () => {
    const rom = new EspRom();
    const rates: number[] = [];
    const closed = new Promise<void>((done) => {
      Object.assign(rom, {
        lineRate: (rate: number) => rates.push(rate),
        lineClosed: () => rates.at(-1) === 1200 && done(),
      });
    });
    const line = await attachToPty(rom);
    const port = await open(line.path, 1200);
    port.close();
    await closed;
    await line.unplug();
  });
});
