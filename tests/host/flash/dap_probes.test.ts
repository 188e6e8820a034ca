// Which USB devices are CMSIS-DAP probes, and packets to and from one: descriptors as the CMSIS-DAP pages ("Configure USB interface")
// have them, with the independent probe (tests/counterparts) behind the endpoints.
import { describe, expect, it } from "vitest";
import { openDapProbe, type UsbDevice } from "../../../host/flash/dap_probes.ts";
import { CmsisDapProbe } from "../../counterparts/cmsis_dap_probe.ts";

type Interface = { class: number; name?: string; endpoints?: number };
const hid: Interface = { class: 3, name: "CMSIS-DAP v1", endpoints: 2 };
const bulk: Interface = { class: 255, name: "CMSIS-DAP v2", endpoints: 2 };
const disk: Interface = { class: 8, endpoints: 2 };

/** A device with these interfaces; `transfers` are the lengths of what was sent, with its endpoint. */
function device(serialNumber: string, interfaces: Interface[], productName = "Debug unit") {
  const probe = new CmsisDapProbe({ serial: serialNumber });
  const answers: Uint8Array[] = [];
  probe.onSend = (bytes) => answers.push(new Uint8Array(bytes));
  const transfers: [endpoint: number, bytes: number][] = [];
  const claimed: number[] = [];
  const usb: UsbDevice = {
    vendorId: 0x0d28,
    productName,
    serialNumber,
    configuration: {
      interfaces: interfaces.map((one, interfaceNumber) => ({
        interfaceNumber,
        alternates: [
          {
            interfaceClass: one.class,
            ...(one.name ? { interfaceName: one.name } : {}),
            endpoints: (["out", "in"] as const)
              .slice(0, one.endpoints ?? 0)
              .map((direction) => ({ endpointNumber: interfaceNumber + 1, direction, packetSize: 64 })),
          },
        ],
      })),
    },
    open: async () => {},
    close: async () => {},
    detachKernelDriver: async () => {},
    claimInterface: async (number) => void claimed.push(number),
    transferIn: async () => {
      const bytes = answers.shift();
      return bytes ? { data: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) } : {};
    },
    transferOut: async (endpoint, bytes) => {
      transfers.push([endpoint, bytes.length]);
      if (bytes.length > 0) probe.receive(bytes);
    },
  };
  return { usb, transfers, claimed };
}

describe("CMSIS-DAP probes", () => {
  it("are told from other devices, and chosen by serial number", async () => {
    const first = device("A1", [disk, hid]);
    const second = device("B2", [bulk]);
    const other = device("C3", [disk, { class: 255, endpoints: 2 }]);
    const all = async () => [other.usb, first.usb, second.usb];
    await openDapProbe("B2", all);
    expect([first.claimed, second.claimed, other.claimed]).toEqual([[], [0], []]);
    await expect(openDapProbe("", all)).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringMatching(/several CMSIS-DAP probes .*attached: A1 \(Debug unit\), B2 \(Debug unit\); /),
    });
    await expect(openDapProbe("D4", all)).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringMatching(/no CMSIS-DAP probe D4/),
    });
    await expect(openDapProbe("", async () => [other.usb])).rejects.toThrow(/attached: none; plug one in/);
  });

  it("are spoken to by their v2 interface where they have both", async () => {
    const both = device("A1", [hid, bulk]);
    await openDapProbe("", async () => [both.usb]);
    expect(both.claimed).toEqual([1]);
    expect(both.transfers).toEqual([[2, 2]]);
  });

  it("of v1 get whole reports", async () => {
    const old = device("A1", [{ class: 3, endpoints: 2 }], "DAPLink CMSIS-DAP");
    const transport = await openDapProbe("A1", async () => [old.usb]);
    await transport.write(Uint8Array.of(0x00, 0x03));
    const answer = await transport.read();
    expect(String.fromCharCode(answer.getUint8(2), answer.getUint8(3))).toBe("A1");
    expect(answer.byteOffset).toBe(0);
    expect(old.transfers.map(([, bytes]) => bytes)).toEqual([64, 64]);
    expect(transport.packetSize).toBe(64);
  });

  it("that may not be opened are explained by a udev rule", async () => {
    const { usb } = device("A1", [bulk]);
    usb.open = () => Promise.reject(new Error("LIBUSB_ERROR_ACCESS"));
    await expect(openDapProbe("A1", async () => [usb])).rejects.toMatchObject({
      code: "port-forbidden",
      message: expect.stringContaining('ATTR{idVendor}=="0d28"'),
    });
  });

  it("that say nothing are to be plugged in again", async () => {
    const { usb } = device("A1", [bulk]);
    usb.transferOut = async () => {};
    await expect(openDapProbe("A1", async () => [usb])).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringContaining("probe A1 does not answer; unplug it"),
    });
  });
});
