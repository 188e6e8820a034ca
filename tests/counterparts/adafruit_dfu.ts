// What the Adafruit nRF52 bootloader does with the DFU packets that its transport hands it: START erases, INIT is checked before, DATA is
// programmed, STOP checks the whole and activates it. Source: adafruit/Adafruit_nRF52_Bootloader, dfu_transport_serial.c, dfu_single_bank.c,
// dfu_init.c, dfu_types.h. It answers nothing: the protocol has only the transport's acknowledgements, so a client cannot see that an image
// was refused. START and INIT that fail reset the bootloader (APP_ERROR_CHECK); DATA and STOP that fail are passed over in silence.
// Left out: updates of SoftDevice and bootloader, signed images.
import { crc16 } from "./crc16.ts";
import type { NorFlash } from "./nor_flash.ts";

export interface DfuTarget {
  flash: NorFlash;
  /** Where the application begins: behind the SoftDevice, or behind the MBR without one. */
  appStart: number;
  /** Where the bootloader's own region begins. */
  appEnd: number;
  /** The installed SoftDevice's firmware id. */
  softDevice: number;
  /** In the bootloader's settings page: whether there is an application to start. */
  application: "valid" | "invalid";
}

const updateApplication = 4;
const deviceType = 0x0052;
const anySoftDevice = 0xfffe;
const maxInitBytes = 128; // m_init_packet in dfu_single_bank.c

/** "reset": the real one asserts and starts again. "ignored": nothing happens. A number: pages erased. */
export type DfuOutcome = "done" | "ignored" | "reset" | "activated" | { erasedPages: number };

export class AdafruitDfu {
  private state: "idle" | "ready" | "data" = "idle";
  private size = 0;
  private received = 0;
  private imageCrc = 0;

  constructor(
    private readonly target: DfuTarget,
    private readonly violation: (text: string) => void,
  ) {}

  /** A packet's payload: its type as a 32-bit word, then its body. */
  packet(payload: Buffer): DfuOutcome {
    if (payload.length < 4 || payload.length % 4 !== 0) return this.ignore("a payload that is not whole words");
    const body = payload.subarray(4);
    switch (payload[0]) {
      case 1:
        return this.init(body);
      case 3:
        return this.start(body);
      case 4:
        return this.data(body);
      case 5:
        return this.stop();
      default:
        return this.ignore(`packet type ${payload[0]}`);
    }
  }

  /** Update mode, then the sizes of SoftDevice, bootloader and application, in bytes. */
  private start(body: Buffer): DfuOutcome {
    if (this.state !== "idle" || body.length < 16) return this.reset("START that is short or not the first");
    const [mode, softDevice, bootloader, size] = [0, 4, 8, 12].map((at) => body.readUInt32LE(at));
    if ((mode! & 0xff) !== updateApplication || softDevice !== 0 || bootloader !== 0)
      return this.reset("START of other than an application alone");
    if (size! % 4 !== 0 || size! > this.target.appEnd - this.target.appStart)
      return this.reset(`START with an application of ${size} bytes`);
    this.size = size!;
    this.state = "ready";
    this.target.application = "invalid";
    const pages = Math.ceil(this.size / this.target.flash.pageBytes);
    for (let page = 0; page < pages; page++)
      this.target.flash.erase(this.target.appStart + page * this.target.flash.pageBytes, 1); // worn pages go unnoticed
    return { erasedPages: pages };
  }

  /** Device type, device revision, application version, count of SoftDevices and their ids, CRC-16 of the image. */
  private init(body: Buffer): DfuOutcome {
    if (this.state !== "ready") return this.reset("INIT where none was due");
    if (body.length > maxInitBytes || body.length < 14) return this.reset(`INIT of ${body.length} bytes`);
    const count = body.readUInt16LE(8);
    const crcAt = 10 + 2 * count;
    if (body.length < crcAt + 2) return this.reset("INIT that ends before its CRC");
    if (body.readUInt16LE(0) !== deviceType) return this.reset(`INIT for device type ${body.readUInt16LE(0)}`);
    const ids = Array.from({ length: count }, (_, i) => body.readUInt16LE(10 + 2 * i));
    if (!ids.some((id) => id === anySoftDevice || id === this.target.softDevice))
      return this.reset(`INIT for SoftDevices ${ids.map((id) => `0x${id.toString(16)}`)}`);
    this.imageCrc = body.readUInt16LE(crcAt);
    this.state = "data";
    return "done";
  }

  private data(body: Buffer): DfuOutcome {
    if (this.state !== "data") return this.ignore("DATA before INIT");
    if (this.received + body.length > this.size) {
      this.received = Number.POSITIVE_INFINITY; // as the source does: nothing fits any more
      return this.ignore("DATA beyond the size in START");
    }
    this.target.flash.program(this.target.appStart + this.received, body); // not compared: the CRC at STOP tells
    this.received += body.length;
    return "done";
  }

  private stop(): DfuOutcome {
    if (this.state !== "data" || this.received !== this.size)
      return this.ignore(`STOP after ${this.received} of ${this.size} bytes`);
    const image = this.target.flash.read(this.target.appStart, this.size);
    if (crc16(image) !== this.imageCrc) return "ignored";
    this.target.application = "valid";
    return "activated";
  }

  private ignore(text: string): DfuOutcome {
    this.violation(text);
    return "ignored";
  }

  private reset(text: string): DfuOutcome {
    this.violation(text);
    return "reset";
  }
}
