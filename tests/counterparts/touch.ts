// A board whose application gives way to its bootloader when its port is opened at 1200 baud and closed again (Arduino's "1200-baud touch",
// as Adafruit_TinyUSB_Arduino, src/arduino/Adafruit_USBD_CDC.cpp, has it, where a port that is closed lets DTR go): the port vanishes, and
// after a while another one comes, with the bootloader behind it. When the bootloader activates an image, the application's port is back.
// One symbolic link stands for whichever is there.
import type { AdafruitBootloader } from "./adafruit_bootloader.ts";
import type { SerialDevice } from "./counterpart.ts";
import { attachToPty, type PtyLine } from "./pty_line.ts";

export interface TouchBoardOptions {
  link: string;
  bootloader: AdafruitBootloader;
  /** What is behind the port before and after; one that says nothing when left out. */
  application?: SerialDevice;
  /** How long the port stays away, in milliseconds. */
  awayMs?: number;
}

export class TouchBoard {
  touches = 0;
  /** What is behind the port; undefined while there is no port. */
  behind: "application" | "bootloader" | undefined;
  private line: PtyLine | undefined;
  private ended = false;
  private changing: Promise<void> = Promise.resolve(); // one port after the other
  private readonly application: SerialDevice;

  constructor(private readonly options: TouchBoardOptions) {
    this.application = options.application ?? { receive() {}, onSend() {}, onUnplug() {} };
    options.bootloader.onActivated = () => void this.change(this.watched());
  }

  /** Resolves when the application's port is there. */
  async start(): Promise<void> {
    await this.change(this.watched(), 0);
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.changing;
    await this.line?.unplug();
  }

  private change(device: SerialDevice, awayMs = this.options.awayMs ?? 50): Promise<void> {
    this.changing = this.changing.then(() => this.become(device, awayMs));
    return this.changing;
  }

  private async become(device: SerialDevice, awayMs: number): Promise<void> {
    const before = this.line;
    this.line = this.behind = undefined;
    await new Promise((done) => setTimeout(done, awayMs)); // the last acknowledgement is still on its way
    await before?.unplug();
    if (this.ended) return;
    this.line = await attachToPty(device, this.options.link);
    this.behind = device === this.options.bootloader ? "bootloader" : "application";
  }

  /** The application, with an eye on the line's rate. */
  private watched(): SerialDevice {
    const { application } = this;
    let rate = 0;
    return {
      receive: (bytes) => application.receive(bytes),
      set onSend(send: (bytes: Buffer) => void) {
        application.onSend = send;
      },
      set onUnplug(unplug: () => void) {
        application.onUnplug = unplug;
      },
      lineRate: (baudRate) => {
        rate = baudRate;
        application.lineRate?.(baudRate);
      },
      lineClosed: () => {
        if (rate === 1200) this.touched();
        else application.lineClosed?.();
      },
    };
  }

  private touched(): void {
    this.touches++;
    this.options.bootloader.restart();
    void this.change(this.options.bootloader);
  }
}
