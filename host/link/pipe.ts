// The host's side of a link: a byte pipe to one board. Implementations: serial.ts (UART, USB, pty), ble.ts; open.ts chooses. The contract suite is
// tests/contracts/pipe.ts.

export interface Pipe {
  readonly address: string;
  /** Resolves when the bytes were handed to the operating system; back-pressure is the caller's await. Rejects with FtteError when closed. */
  write(bytes: Uint8Array): Promise<void>;
  /** One listener; bytes that arrive before it is set are kept. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Resolves once with the reason when the pipe is gone, also after close(). Never rejects. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
}

/** Opens a pipe or throws FtteError "port-absent", "port-busy" or "port-forbidden", whose message names the remedy. */
export type OpenPipe = (address: string, options?: { baudRate?: number }) => Promise<Pipe>;
