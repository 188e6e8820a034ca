// CMSIS-DAP probes on USB: finds them, and moves packets to and from one. Knows no command.
//
// Sources: CMSIS-DAP 2.1, "Configure USB interface" (v2: vendor interface whose name holds "CMSIS-DAP", bulk out then bulk in; v1: HID,
// with reports as long as the endpoint's packets) and DAP_Info (0xff: packet size).

import type { Transport } from "dapjs";
import { FtteError } from "../errors.ts";
import { permissionRemedy } from "../link/permission.ts";

/** Longer than any command takes: the longest reads `ready` until a page is erased. */
const packetMs = 5000;
const hidClass = 0x03;
const vendorClass = 0xff;

/** What is used of usb's device, whose own types stand on a browser's. */
export interface UsbDevice {
  vendorId: number;
  productName?: string | null;
  serialNumber?: string | null;
  configuration: {
    interfaces: {
      interfaceNumber: number;
      alternates: {
        interfaceClass: number;
        interfaceName?: string;
        endpoints: { endpointNumber: number; direction: "in" | "out"; packetSize: number }[];
      }[];
    }[];
  } | null;
  open(): Promise<void>;
  close(): Promise<void>;
  detachKernelDriver(interfaceNumber: number): Promise<void>;
  claimInterface(interfaceNumber: number): Promise<void>;
  transferIn(endpoint: number, length: number, timeoutMs: number): Promise<{ data?: DataView }>;
  transferOut(endpoint: number, data: Uint8Array, timeoutMs: number): Promise<unknown>;
}

interface DapInterface {
  number: number;
  endpointIn: number;
  endpointOut: number;
  /** Of one USB packet out. */
  outBytes: number;
  /** Reports of a v1 probe have this length; 0 for v2, whose packets are as long as they are. */
  reportBytes: number;
}

/**
 * Opens the probe with this serial number, or the only one for "".
 * @param devices the system's USB devices
 * @throws FtteError "flash-method" if there is none, or several to choose from; "port-forbidden"
 */
export async function openDapProbe(serial: string, devices = usbDevices): Promise<Transport> {
  const probes = probesAmong(await devices());
  const chosen = serial ? probes.filter(({ device }) => device.serialNumber === serial) : probes;
  const [probe] = chosen;
  if (probe && chosen.length === 1) return openProbe(probe);
  const list = probes.map(({ device }) => `${device.serialNumber} (${device.productName})`).join(", ") || "none";
  const what = chosen.length > 1 ? "several CMSIS-DAP probes are attached" : `no CMSIS-DAP probe ${serial}`.trimEnd();
  throw new FtteError("flash-method", `${what}; attached: ${list}; plug one in, or name it by its serial number`);
}

interface Probe {
  device: UsbDevice;
  dap: DapInterface;
}

async function usbDevices(): Promise<UsbDevice[]> {
  const { usb } = await import("usb");
  return (await usb.getDevices().catch(() => [])) as unknown as UsbDevice[]; // a system without USB has no devices
}

const probesAmong = (devices: readonly UsbDevice[]): Probe[] =>
  devices
    .map((device) => ({ device, dap: dapInterface(device) }))
    .filter((probe): probe is Probe => probe.dap !== undefined);

/** Its v2 interface, if it has one: it is faster, and no driver of the system's holds it. */
function dapInterface(device: UsbDevice): DapInterface | undefined {
  const found = interfacesOf(device).map((one) => ({ ...one.alternates[0]!, number: one.interfaceNumber }));
  const named = (name: string | undefined) => name?.includes("CMSIS-DAP") || device.productName?.includes("CMSIS-DAP");
  const usable = found.filter(({ interfaceName, endpoints }) => named(interfaceName) && endpoints.length >= 2);
  const chosen =
    usable.find(({ interfaceClass }) => interfaceClass === vendorClass) ??
    usable.find(({ interfaceClass }) => interfaceClass === hidClass);
  const endpointIn = chosen?.endpoints.find(({ direction }) => direction === "in");
  const endpointOut = chosen?.endpoints.find(({ direction }) => direction === "out");
  if (!chosen || !endpointIn || !endpointOut) return undefined;
  return {
    number: chosen.number,
    endpointIn: endpointIn.endpointNumber,
    endpointOut: endpointOut.endpointNumber,
    outBytes: endpointOut.packetSize,
    reportBytes: chosen.interfaceClass === hidClass ? endpointOut.packetSize : 0,
  };
}

function interfacesOf(device: UsbDevice) {
  try {
    return device.configuration?.interfaces ?? [];
  } catch {
    return []; // a device without a configuration
  }
}

async function openProbe({ device, dap }: Probe): Promise<Transport> {
  try {
    await device.open();
    if (dap.reportBytes > 0) await device.detachKernelDriver(dap.number).catch(() => {}); // Linux's HID driver; elsewhere there is none
    await device.claimInterface(dap.number);
  } catch (cause) {
    throw new FtteError("port-forbidden", forbidden(device), { cause });
  }
  const probe = new UsbProbe(device, dap);
  try {
    await probe.learnPacketSize();
  } catch (cause) {
    await device.close().catch(() => {});
    const text = `probe ${device.serialNumber} does not answer; unplug it and plug it in again`;
    throw new FtteError("flash-method", text, { cause });
  }
  return probe;
}

const usbId = (id: number) => id.toString(16).padStart(4, "0");

const forbidden = ({ serialNumber, vendorId }: UsbDevice) => {
  const remedy = permissionRemedy({ platform: process.platform, subsystem: "usb", vendor: usbId(vendorId) });
  return `probe ${serialNumber}: this user may not open it, or another program has; ${remedy}`;
};

/** One claimed interface. dapjs's own transports choose interfaces by class alone, and know no packets longer than 64 bytes. */
class UsbProbe implements Transport {
  packetSize = 64;

  constructor(
    private readonly device: UsbDevice,
    private readonly dap: DapInterface,
  ) {}

  /** Every probe answers this in the first 64 bytes. */
  async learnPacketSize(): Promise<void> {
    await this.write(Uint8Array.of(0x00, 0xff));
    const info = await this.read();
    if (info.byteLength >= 4 && info.getUint8(0) === 0 && info.getUint8(1) === 2)
      this.packetSize = Math.max(this.packetSize, info.getUint16(2, true));
  }

  async open(): Promise<void> {} // done by openProbe, which knows what to say when it fails

  async close(): Promise<void> {
    await this.device.close();
  }

  /** A DataView at the start of a buffer of its own, which is what dapjs slices. */
  async read(): Promise<DataView> {
    const { data } = await this.device.transferIn(this.dap.endpointIn, this.packetSize, packetMs);
    if (!data) throw new Error(`the probe did not answer in ${packetMs} ms`);
    return new DataView(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  }

  async write(data: ArrayBuffer | ArrayBufferView): Promise<void> {
    const bytes = new Uint8Array(ArrayBuffer.isView(data) ? data.buffer : data);
    const report = new Uint8Array(Math.max(bytes.length, this.dap.reportBytes));
    report.set(bytes);
    await this.device.transferOut(this.dap.endpointOut, report, packetMs);
    // A transfer of whole USB packets has no end of its own, unless it is as long as the probe's packets can be.
    const isEndless = report.length % this.dap.outBytes === 0 && report.length < this.packetSize;
    if (isEndless) await this.device.transferOut(this.dap.endpointOut, new Uint8Array(0), packetMs);
  }
}
