// A Line in the shape of a Web Serial port (https://wicg.github.io/serial/), as far as esptool-js uses it: open, close, the two streams,
// signals, and a change of baud rate in place, which Web Serial itself has not but esptool-js asks for.

import type { Line, OpenLine } from "./line.ts";

export class WebSerialLine {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  private line: Line | undefined;
  private lost: string | undefined;
  private wake: () => void = () => {};

  /** @param usb the device that the port is of, when it matters */
  constructor(
    private readonly address: string,
    private readonly openLine: OpenLine,
    private readonly usb?: { vendor: string; product: string },
  ) {}

  /** Why the line is gone, when it was not us who closed it. */
  get gone(): string | undefined {
    return this.lost;
  }

  /** Where nothing is told of the USB device, esptool-js resets the board as behind a UART bridge. */
  getInfo(): { usbVendorId?: number; usbProductId?: number } {
    const { usb } = this;
    return usb ? { usbVendorId: Number(`0x${usb.vendor}`), usbProductId: Number(`0x${usb.product}`) } : {};
  }

  /** @throws FtteError as OpenLine */
  async open({ baudRate }: { baudRate: number }): Promise<void> {
    const line = await this.openLine(this.address, baudRate);
    this.line = line;
    this.readable = new ReadableStream({
      start: (controller) => {
        line.onData((bytes) => {
          if (this.line !== line) return;
          controller.enqueue(bytes);
          setImmediate(() => this.wake()); // after who reads the stream has them
        });
        void line.closed.then((reason) => {
          if (this.line !== line) return controller.close();
          this.lost = reason;
          controller.error(new Error(reason));
        });
      },
    });
    this.writable = new WritableStream({ write: (bytes) => line.write(bytes) });
  }

  /** Resolves soon after the next bytes came, or after `mostMs`. */
  async arrival(mostMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async setBaudRate(baudRate: number): Promise<void> {
    await this.line?.setBaudRate(baudRate);
  }

  async setSignals(signals: { dataTerminalReady?: boolean; requestToSend?: boolean }): Promise<void> {
    const { dataTerminalReady: dtr, requestToSend: rts } = signals;
    await this.line?.setSignals({ ...(dtr !== undefined && { dtr }), ...(rts !== undefined && { rts }) });
  }

  async close(): Promise<void> {
    const { line } = this;
    this.line = undefined;
    this.readable = null;
    this.writable = null;
    await line?.close();
  }
}
