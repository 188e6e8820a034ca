// The BLE pipe: the real noble over HCI to a virtual controller (tests/ble). The contract, and what air and peripherals do to it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BlePatience, bleOpener } from "../../../host/link/ble.ts";
import { openPipe } from "../../../host/link/open.ts";
import { op } from "../../ble/att.ts";
import { Peripheral, type PeripheralOptions } from "../../ble/peripheral.ts";
import { echo, type VirtualRadio, virtualRadio } from "../../ble/virtual_radio.ts";
import { collect, pipeContract } from "../../contracts/pipe.ts";

let radio: VirtualRadio;
beforeAll(async () => {
  radio = await virtualRadio([], { pace: 6, loss: 0.05 });
  process.env.FTTE_HCI_UART = radio.path;
});
afterAll(() => radio.end());

let count = 0;
/** A new peripheral that returns every byte. */
function peripheral(options: Partial<PeripheralOptions> = {}): Peripheral {
  const address = `c0:ff:ee:00:00:${(++count).toString(16).padStart(2, "0")}`;
  const made = echo(new Peripheral({ address, name: `wrist-${count}`, ...options }));
  radio.controller.peripherals.push(made);
  return made;
}

pipeContract("BLE (virtual controller)", async () => {
  const far = peripheral();
  const pipe = await openPipe(`ble:${far.address}`);
  return {
    pipe,
    async vanish() {
      far.powered = false;
      radio.controller.hangUp(far);
    },
  };
});

const patient = { findMs: 20_000, dialMs: 20_000, exchangeMs: 20_000, answerMs: 20_000 };
const opening = (far: Peripheral, patience: Partial<BlePatience> = {}) =>
  bleOpener({ ...patient, ...patience })(`ble:${far.address}`);

describe("a packet", () => {
  for (const maxMtu of [23, 24, 100, 185, 247, 517])
    it(`is no longer than the two ends take, where the board takes ${maxMtu}`, async () => {
      const far = peripheral({ maxMtu });
      const pipe = await openPipe(`ble:${far.address}`);
      const sent = Uint8Array.from({ length: 1500 }, (_, i) => i * 7);
      const back = collect(pipe, sent.length);
      await pipe.write(sent);
      expect(Buffer.compare(await back, sent)).toBe(0);
      await pipe.close();
      expect(far.violations).toEqual([]);
    });
});

describe("a slow central", () => {
  afterAll(() => {
    radio.lineMs = 0;
  });
  it.each([20, 100])(
    "whose controller is %i ms away carries every byte, and the board is opened and closed",
    async (ms) => {
      radio.lineMs = ms;
      const far = peripheral({ maxMtu: 100 });
      const pipe = await opening(far);
      const sent = Uint8Array.from({ length: 2000 }, (_, i) => i * 5);
      const back = collect(pipe, sent.length);
      await pipe.write(sent);
      expect(Buffer.compare(await back, sent)).toBe(0);
      await pipe.close();
      expect(far.violations).toEqual([]);
    },
  );
});

describe("the air", () => {
  it("may be silent for less than the supervision time-out: nothing is lost", async () => {
    const far = peripheral();
    const pipe = await openPipe(`ble:${far.address}`);
    radio.controller.fade(far, 300);
    const back = collect(pipe, 5000);
    await pipe.write(new Uint8Array(5000).fill(9));
    expect((await back).every((byte) => byte === 9)).toBe(true);
    await pipe.close();
  });

  it("ends the pipe when it is silent for longer, and the board can be opened again", async () => {
    const far = peripheral();
    const pipe = await openPipe(`ble:${far.address}`);
    radio.controller.fade(far, 1000);
    expect(await pipe.closed).toMatch(/the board is gone: nothing heard of it for the supervision time-out/);
    const again = await openPipe(`ble:${far.address}`);
    const back = collect(again, 3);
    await again.write(Buffer.from("yes"));
    expect((await back).toString()).toBe("yes");
    await again.close();
  });
});

describe("opening a board over BLE", () => {
  it("says that a board is not heard", async () => {
    const away = new Peripheral({ address: "c0:00:00:00:00:99", name: "away" });
    await expect(opening(away, { findMs: 200 })).rejects.toMatchObject({
      code: "port-absent",
      message: expect.stringMatching(/^ble:c0:00:00:00:00:99: .*is it on, in range, and not connected to another host/),
    });
  });

  it("says that this program has a board already", async () => {
    const far = peripheral();
    const pipe = await openPipe(`ble:${far.address}`);
    await expect(openPipe(`ble:${far.address.toUpperCase()}`)).rejects.toMatchObject({ code: "port-busy" });
    await pipe.close();
  });

  it("gives up a board that takes no connection, and does not keep others waiting", async () => {
    const refusing = opening(peripheral({ connectable: false }), { dialMs: 200 });
    await expect(refusing).rejects.toMatchObject({ code: "port-absent" });
    await (await openPipe(`ble:${peripheral().address}`)).close();
  });

  it("tells another device from a board", async () => {
    await expect(opening(peripheral({ hasUart: false }))).rejects.toMatchObject({ code: "board-wrong" });
  });

  it.each([
    ["asks for pairing", { refuses: { [op.write]: 0x05 } }],
    ["refuses the subscription", { refuses: { [op.write]: 0x03 } }],
    ["answers no discovery", { ignores: [op.readByGroup] }],
    ["answers no exchange of the MTU", { ignores: [op.mtu] }],
  ])("does not wait for ever for a board that %s", async (_, options) => {
    const far = peripheral(options);
    await expect(opening(far, { exchangeMs: 400 })).rejects.toMatchObject({
      code: "board-silent",
      message: expect.stringContaining("does it ask for pairing?"),
    });
    expect(far.isConnected).toBe(false);
  });

  it("leaves Ctrl-C to the program", async () => {
    const before = process.listenerCount("SIGINT");
    const pipe = await openPipe(`ble:${peripheral().address}`);
    expect(process.listenerCount("SIGINT")).toBe(before);
    await pipe.close();
  });
});

it("ends a pipe whose board confirms nothing any more", async () => {
  const ignores: number[] = [];
  const far = peripheral({ ignores });
  const pipe = await opening(far, { answerMs: 1000 });
  ignores.push(op.write);
  await expect(pipe.write(new Uint8Array(100_000))).rejects.toMatchObject({ code: "link-gone" });
  expect(await pipe.closed).toMatch(/gone.*no answer over BLE in 1000 ms/);
});

it("ends every pipe when the adapter goes, and says so to the next", async () => {
  const pipe = await openPipe(`ble:${peripheral().address}`);
  await radio.end();
  expect(await pipe.closed).toMatch(/gone/);
  await expect(pipe.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "link-gone" });
  await expect(openPipe(`ble:${peripheral().address}`)).rejects.toMatchObject({ code: "radio-absent" });
});

it("asks the controller for nothing that a small one does not know", () => {
  expect(radio.controller.unknown).toEqual([]);
});
