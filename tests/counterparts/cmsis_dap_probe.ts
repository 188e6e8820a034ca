// A CMSIS-DAP v1 probe with an nRF52840 on its wires, as packets of 64 bytes in and out. Source: Arm, CMSIS-DAP 2.1, "CMSIS-DAP Commands"
// (Documentation/Doxygen/src/ref_dap.txt: general, SWJ, SWD and transfer commands, DAP_ExecuteCommands). The wires are debug_port.ts, the
// chip nrf52840_target.ts. A command that it does not have is answered 0xff. Left out: JTAG, SWO, UART, time stamps, DAP_QueueCommands.
import { Counterpart } from "./counterpart.ts";
import { ack, DebugPort } from "./debug_port.ts";
import type { FaultPlan } from "./faults.ts";
import { type Nrf52840Options, Nrf52840Target } from "./nrf52840_target.ts";

export interface CmsisDapOptions extends Omit<Nrf52840Options, "faults"> {
  serial?: string;
  faults?: FaultPlan;
}

export const packetBytes = 64;
const swd = 1;
const mismatch = 0x10;
const resetPin = 0x80;
const done = Buffer.of(0);
const failed = Buffer.of(0xff);

/** A command's answer without its first byte; `taken` is how many bytes of parameters it had. Undefined data: no answer at all. */
interface Reply {
  data: Buffer | undefined;
  taken: number;
}
const reply = (data: Buffer | undefined, taken: number): Reply => ({ data, taken });

export class CmsisDapProbe extends Counterpart {
  readonly target: Nrf52840Target;
  private port!: DebugPort;
  private connected = false;
  private matchRetries = 0;
  private matchMask = 0xffffffff;
  private pins = resetPin;

  constructor(private readonly options: CmsisDapOptions = {}) {
    super(options.faults ?? {}, () => ({
      push: (bytes) => [Buffer.from(bytes)],
      encode: (packet) => Buffer.concat([packet, Buffer.alloc(Math.max(0, packetBytes - packet.length))]),
      reset: () => {},
    }));
    const { faults: _, ...target } = options;
    this.target = new Nrf52840Target({ ...target, faults: this.plan.flash }, (text) => this.violation(text));
    this.powerUp();
  }

  protected powerUp(): void {
    this.connected = false;
    this.target.powerOn();
    this.port = new DebugPort(this.target, (text) => this.violation(text));
  }

  protected handle(packet: Buffer): void {
    if (packet.length > packetBytes) this.violation(`a packet of ${packet.length} bytes`);
    const answer = packet[0] === 0x7f ? this.executeCommands(packet) : this.execute(packet).answer;
    if (!answer) return;
    if (answer.length > packetBytes) this.violation(`an answer of ${answer.length} bytes was asked for`);
    this.send(answer.subarray(0, packetBytes));
  }

  /** DAP_ExecuteCommands: a count, then commands one after another; so are their answers. */
  private executeCommands(packet: Buffer): Buffer {
    const answers = [packet.subarray(0, 2)];
    for (let i = 0, at = 2; i < packet[1]!; i++) {
      const { answer, taken } = this.execute(packet.subarray(at));
      if (answer) answers.push(answer);
      at += taken;
    }
    return Buffer.concat(answers);
  }

  private execute(command: Buffer): { answer: Buffer | undefined; taken: number } {
    const known = this.command(command[0] ?? 0xff, command.subarray(1));
    if (!known) return { answer: Buffer.of(0xff), taken: command.length };
    const { data, taken } = known;
    if (taken > command.length - 1) {
      this.violation(`command 0x${command[0]?.toString(16)} is short of ${taken - command.length + 1} bytes`);
      return { answer: Buffer.of(0xff), taken: command.length };
    }
    return { answer: data && Buffer.concat([command.subarray(0, 1), data]), taken: taken + 1 };
  }

  private command(id: number, body: Buffer): Reply | undefined {
    switch (id) {
      case 0x00:
        return reply(this.info(body[0] ?? 0), 1);
      case 0x01: // host status: lamps
      case 0x13: // SWD configure: turnaround of one clock, no data phase
        return reply(done, id === 0x01 ? 2 : 1);
      case 0x02:
        return reply(this.connect(body[0] ?? 0), 1);
      case 0x03:
        this.connected = false;
        return reply(done, 0);
      case 0x04:
        this.matchRetries = body.length >= 5 ? body.readUInt16LE(3) : 0;
        return reply(done, 5);
      case 0x05:
        return this.transfer(body);
      case 0x06:
        return this.transferBlock(body);
      case 0x07:
        return reply(undefined, 0);
      case 0x08:
        return reply(this.port.writeDp(0, word(body, 1)) === ack.ok ? done : failed, 5);
      case 0x09:
        return reply(done, 2);
      case 0x0a:
        return reply(Buffer.of(0, 0), 0); // no sequence of this device's own
      case 0x10:
        return reply(this.swjPins(body), 6);
      case 0x11:
        return reply(word(body, 0) > 0 ? done : failed, 4);
      case 0x12:
        return this.swjSequence(body);
      default:
        return undefined;
    }
  }

  private info(id: number): Buffer {
    const { serial = "0123456789ab" } = this.options;
    const strings: Record<number, string> = { 1: "ftte", 2: "CMSIS-DAP counterpart", 3: serial, 4: "2.1.0" };
    const text = strings[id];
    if (text !== undefined) return Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\0`)]);
    if (id === 0xf0) return Buffer.of(1, 0x11); // SWD, atomic commands
    if (id === 0xfe) return Buffer.of(1, 1);
    return id === 0xff ? Buffer.of(2, packetBytes, 0) : Buffer.of(0);
  }

  private connect(port: number): Buffer {
    this.connected = port === 0 || port === swd;
    return Buffer.of(this.connected ? swd : 0);
  }

  /** Only nRESET does something: let go, it is a power-on to the protection. */
  private swjPins(body: Buffer): Buffer {
    const [output = 0, selected = 0] = body;
    const pins = (this.pins & ~selected) | (output & selected);
    if (!(this.pins & resetPin) && pins & resetPin) this.target.powerOn();
    this.pins = pins;
    return Buffer.of(pins);
  }

  private swjSequence(body: Buffer): Reply {
    const bits = body[0] || 256;
    const bytes = Math.ceil(bits / 8);
    if (body.length > bytes) this.port.sequence(body.subarray(1), bits);
    return reply(done, 1 + bytes);
  }

  private transfer(body: Buffer): Reply {
    const count = body[1] ?? 0;
    const values: Buffer[] = [];
    let at = 2;
    let finished = 0;
    let response: number = ack.ok;
    for (let i = 0; i < count && at < body.length; i++) {
      const request = body[at]!;
      const hasData = (request & 2) === 0 || (request & 0x10) !== 0;
      if (response === ack.ok) {
        const result = this.access(request, hasData ? word(body, at + 1) : 0);
        response = result.response;
        if (result.value) values.push(result.value);
        if (response === ack.ok) finished++;
      }
      at += hasData ? 5 : 1;
    }
    return reply(Buffer.concat([Buffer.of(finished, response), ...values]), at);
  }

  /** One register: the port's answer and, of a read, its value. */
  private access(request: number, data: number): { response: number; value?: Buffer } {
    if (!this.connected) {
      this.violation("a transfer before DAP_Connect");
      return { response: ack.none };
    }
    const register = request & 12;
    if (request & 2) return request & 0x10 ? this.match(request, data) : this.read(request);
    if (request & 0x20) {
      this.matchMask = data;
      return { response: ack.ok };
    }
    return { response: request & 1 ? this.port.writeAp(register, data) : this.port.writeDp(register, data) };
  }

  private read(request: number): { response: number; value?: Buffer } {
    const { ack: response, value } = request & 1 ? this.port.readAp(request & 12) : this.port.readDp(request & 12);
    if (response !== ack.ok) return { response };
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return { response, value: bytes };
  }

  private match(request: number, wanted: number): { response: number } {
    for (let i = 0; i <= this.matchRetries; i++) {
      const { response, value } = this.read(request);
      if (!value) return { response };
      if ((value.readUInt32LE() & this.matchMask) >>> 0 === wanted) return { response };
    }
    return { response: ack.ok | mismatch };
  }

  private transferBlock(body: Buffer): Reply {
    const count = body.length >= 4 ? body.readUInt16LE(1) : 0;
    const request = body[3] ?? 0;
    const writes = (request & 2) === 0;
    const values: Buffer[] = [];
    let response: number = ack.ok;
    let finished = 0;
    for (; finished < count; finished++) {
      const result = this.access(request & 15, writes ? word(body, 4 + 4 * finished) : 0);
      response = result.response;
      if (response !== ack.ok) break;
      if (result.value) values.push(result.value);
    }
    const head = Buffer.of(finished & 255, finished >> 8, response);
    return reply(Buffer.concat([head, ...values]), writes ? 4 + 4 * count : 4);
  }
}

/** 0 where the packet is too short: the caller counts what was taken. */
function word(bytes: Buffer, at: number): number {
  return at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
}
