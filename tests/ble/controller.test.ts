// The virtual controller and a peripheral's attribute server against packets written by hand from the layouts of the Bluetooth Core
// specification as BlueZ has them (monitor/bt.h, src/shared/att-types.h): what they say to a host, byte by byte.

import { afterEach, describe, expect, it, vi } from "vitest";
import { VirtualController } from "./controller.ts";
import { Peripheral } from "./peripheral.ts";

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const plain = (text: string) => text.replace(/\s/g, "");

/** LE Create Connection with c0:00:00:00:00:01, a random address: at most 50 ms between events, given up after 420 ms. */
const createConnection = "010d20 19 6000 3000 00 01 0100000000c0 00 1800 2800 0000 2a00 0000 0000";
const connectionComplete = "043e13 01 00 4000 00 01 0100000000c0 2800 0000 2a00 00";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function host() {
  const heard: string[] = [];
  const peripheral = new Peripheral({ address: "c0:00:00:00:00:01", name: "wrist" });
  const controller = new VirtualController([peripheral], (bytes) => heard.push(bytes.toString("hex")), { pace: 50 });
  ends.push(() => controller.end());
  /** Says it, and waits for all of these packets. */
  const say = async (packet: string, ...answers: string[]) => {
    heard.length = 0;
    controller.take(hex(packet));
    await vi.waitFor(() => expect(heard).toEqual(answers.map(plain)), { timeout: 30_000 });
  };
  return { say };
}

describe("the virtual controller", () => {
  it("answers commands by Command Complete, and what it does not know by Command Status", async () => {
    const { say } = host();
    await say("01030c00", "040e04 01 030c 00"); // Reset
    await say("01022000", "040e07 01 0220 00 fb00 0c"); // LE Read Buffer Size: 12 packets of 251 bytes
    await say("010110 00", "040e0c 01 0110 00 0d 0000 0d f105 0000"); // Read Local Version: 5.4
    await say("01182000", "040f04 01 01 1820"); // LE Rand
    await say("010e2000", "040e04 01 0e20 0c"); // LE Create Connection Cancel, with none to cancel
  });

  it("connects, tells which packets were heard, and disconnects", async () => {
    const { say } = host();
    await say(createConnection, "040f04 00 01 0d20", connectionComplete);
    const mtu = "024000 0700 0300 0400 02 b900";
    await say(mtu, "041305 01 4000 0100", "024020 0700 0300 0400 03 f700");
    await say("010604 03 4000 13", "040f04 00 01 0604", "040504 00 4000 16");
    await say("010604 03 4000 13", "040f04 02 01 0604");
  });
});

describe("a peripheral's attributes", () => {
  it("are found in ranges of handles that begin behind 0 and do not end before they begin", async () => {
    const { say } = host();
    await say(createConnection, "040f04 00 01 0d20", connectionComplete);
    const heard = "041305 01 4000 0100";
    const findInformation = (range: string) => `024000 0900 0500 0400 04 ${range}`;
    const error = (handle: string, code: string) => `024020 0900 0500 0400 01 04 ${handle} ${code}`;
    await say(findInformation("0000 ffff"), heard, error("0000", "01"));
    await say(findInformation("0300 0200"), heard, error("0300", "01"));
    await say(findInformation("0080 ffff"), heard, error("0080", "0a"));
    await say(findInformation("0100 0100"), heard, "024020 0a00 0600 0400 05 01 0100 0028");
  });
});
