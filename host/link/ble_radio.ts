// The Bluetooth adapter, shared by every pipe of this process: powers up when it is first needed, finds boards by their advertisements,
// connects to one at a time, and rests when nobody needs it any more. Everything has a limit, because noble waits for ever. Carries no bytes:
// that is ble.ts.
//
// A board is connected to only after it was heard: a controller takes one connection attempt at a time (Bluetooth Core 5.4, volume 4, part E,
// 7.8.12), and one for a board that is away would keep it from the others.

import type { Noble, Peripheral } from "@stoprocent/noble";
import { FtteError } from "../errors.ts";
import { adapterError, checkAdapter, type Machine, moduleMissing, parseHciUart, thisMachine } from "./ble_adapter.ts";
import { bleAddress } from "./ble_address.ts";
import { mendBinding } from "./serial_mend.ts";
import { within } from "./within.ts";

/** The Nordic UART Service; boards advertise it. */
export const uartService = "6e400001b5a3f393e0a9e50e24dcca9e";

const powerMs = 10_000;
const commandMs = 5_000; // a command to the adapter
const restMs = 300; // a board that is asked and then trained with needs the radio twice in a row

let shared: Promise<Radio> | undefined;

/**
 * The radio, for the caller to release.
 * @throws FtteError "radio-absent", "radio-off" or "port-forbidden"
 */
export async function acquireRadio(): Promise<Radio> {
  shared ??= Radio.start(thisMachine(), () => {
    shared = undefined;
  });
  const starting = shared;
  try {
    const radio = await starting;
    radio.acquire();
    return radio;
  } catch (error) {
    if (shared === starting) shared = undefined; // the next one looks again
    throw error;
  }
}

export class Radio {
  private readonly known = new Map<string, Peripheral>(); // by id, like what follows
  private readonly waiting = new Map<string, Set<(peripheral: Peripheral) => void>>();
  private readonly listeners = new Set<(peripheral: Peripheral) => void>();
  private scanning = false;
  private users = 0;
  private over = false;
  private rest: NodeJS.Timeout | undefined;
  private turns: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly noble: Noble,
    private readonly ended: () => void,
  ) {
    noble.on("discover", (peripheral: Peripheral) => this.heard(peripheral));
    noble.on("stateChange", (state: string) => {
      if (state !== "poweredOn") this.end();
    });
  }

  static async start(machine: Machine, ended: () => void): Promise<Radio> {
    checkAdapter(machine);
    const noble = await loadNoble(machine);
    try {
      await powerUp(noble, machine);
      return new Radio(noble, ended);
    } catch (error) {
      noble.stop();
      throw error;
    }
  }

  acquire(): void {
    this.users++;
    clearTimeout(this.rest);
  }

  release(): void {
    if (--this.users === 0) this.rest = setTimeout(() => this.end(), restMs);
  }

  /** Tells of every advertisement of a board until the returned function is called. */
  listen(listener: (peripheral: Peripheral) => void): () => void {
    this.listeners.add(listener);
    this.settleScan();
    return () => {
      this.listeners.delete(listener);
      this.settleScan();
    };
  }

  /**
   * Connects to the board with this id (ble_address.ts), which has `findMs` to be heard and `dialMs` to take the connection.
   * @throws FtteError "port-absent" when it does not, "port-busy" when this process has it already
   */
  async connect(id: string, findMs: number, dialMs: number): Promise<Peripheral> {
    if (this.known.get(id)?.state === "connected")
      throw new FtteError("port-busy", `${bleAddress(id)}: this program has it open already`);
    const peripheral = await this.find(id, findMs);
    return this.turn(() => this.dial(peripheral, dialMs)).finally(() => this.settleScan());
  }

  private async find(id: string, findMs: number): Promise<Peripheral> {
    let found: (peripheral: Peripheral) => void = () => {};
    const heard = new Promise<Peripheral>((resolve) => {
      found = resolve;
    });
    const callers = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, callers.add(found));
    this.settleScan();
    try {
      return await within(findMs, heard, () => absent(id));
    } finally {
      callers.delete(found);
      if (callers.size === 0) this.waiting.delete(id);
      this.settleScan();
    }
  }

  private heard(peripheral: Peripheral): void {
    this.known.set(peripheral.id, peripheral);
    for (const found of this.waiting.get(peripheral.id) ?? []) found(peripheral);
    for (const listener of this.listeners) listener(peripheral);
  }

  /** One operation of the adapter after the other. */
  private turn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.turns.then(step);
    this.turns = done.catch(() => {});
    return done;
  }

  /** Scans while anybody waits for an advertisement, and only then. A scan that fails shows as boards that are not heard. */
  private settleScan(): void {
    this.turn(async () => {
      const wanted = this.waiting.size > 0 || this.listeners.size > 0;
      if (wanted && !this.scanning) await this.scan(true);
      else if (!wanted && this.scanning) await this.scan(false);
    }).catch(() => {});
  }

  private async scan(on: boolean): Promise<void> {
    // An adapter that answers no command is gone: whoever needs one next looks again.
    const gone = () => {
      this.end();
      return new FtteError("radio-absent", "the Bluetooth adapter does not answer");
    };
    const asked = on ? this.noble.startScanningAsync([uartService], true) : this.noble.stopScanningAsync();
    await within(commandMs, asked, gone);
    this.scanning = on;
  }

  private async dial(peripheral: Peripheral, dialMs: number): Promise<Peripheral> {
    if (this.scanning) await this.scan(false);
    try {
      await within(dialMs, peripheral.connectAsync(), () => absent(peripheral.id));
      return peripheral;
    } catch (error) {
      peripheral.cancelConnect();
      if (error instanceof FtteError) throw error;
      throw absent(peripheral.id, error);
    }
  }

  private end(): void {
    clearTimeout(this.rest);
    if (this.over) return;
    this.over = true;
    this.ended();
    this.noble.removeAllListeners("stateChange");
    setImmediate(() => this.noble.stop()); // within its own report of a line that is gone it would go on to open that again
  }
}

const absent = (id: string, cause?: unknown) =>
  new FtteError(
    "port-absent",
    `${bleAddress(id)}: the board is not heard over BLE; is it on, in range, and not connected to another host?`,
    { cause },
  );

async function loadNoble(machine: Machine): Promise<Noble> {
  try {
    const { withBindings } = await import("@stoprocent/noble");
    if (machine.hciUart === undefined) return withBindings("default");
    const uart = parseHciUart(machine.hciUart);
    return withBindings("hci", { hciDriver: "uart", bindParams: { uart } });
  } catch (error) {
    throw moduleMissing(error);
  }
}

/**
 * Starts the adapter. noble says two things on standard output, which may be somebody's NDJSON: they go to standard error. And it ends the
 * process at Ctrl-C, which is not its business.
 */
async function powerUp(noble: Noble, machine: Machine): Promise<void> {
  const log = console.log;
  console.log = console.error;
  try {
    const before = process.listeners("SIGINT");
    let state = noble.state; // asking starts it
    for (const listener of process.listeners("SIGINT"))
      if (!before.includes(listener)) process.removeListener("SIGINT", listener);
    const deadlineMs = performance.now() + powerMs;
    while (state !== "poweredOn") {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || state === "unsupported" || state === "unauthorized") throw adapterError(state, machine);
      await nextState(noble, leftMs);
      state = noble.state;
    }
    mendUart(noble);
  } finally {
    console.log = log;
  }
}

/** Of a controller on a serial line: noble's serialport has the defects that serial_mend.ts mends, and keeps its port to itself. */
function mendUart(noble: Noble): void {
  const inside = noble as unknown as { _bindings?: { _hci?: { _socket?: { _serialDevice?: { port?: unknown } } } } };
  mendBinding(inside._bindings?._hci?._socket?._serialDevice?.port);
}

function nextState(noble: Noble, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      noble.removeListener("stateChange", done);
      resolve();
    };
    const timer = setTimeout(done, limitMs);
    noble.once("stateChange", done);
  });
}
