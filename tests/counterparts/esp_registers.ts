// The registers of an ESP32 that a flashing client touches: the chip's identity, the MAC in the eFuses, UART0's divider, and SPI1 as far as
// it reads the flash chip's id (a "user" transaction with command 0x9f, RDID; TRM, chapter SPI Controller). Every other address keeps what
// is written to it and reads 0 before.
import { type EspChip, magicAddress } from "./esp_chips.ts";

const userCommand = 1 << 18; // SPI_CMD_REG: SPI_USR, clears itself
const userHasCommand = 2 ** 31; // SPI_USER_REG: SPI_USR_COMMAND
const userHasMiso = 1 << 28; // SPI_USER_REG: SPI_USR_MISO
const readId = 0x9f;

export class EspRegisters {
  private readonly written = new Map<number, number>();

  /**
   * @param mac 12 hexadecimal digits
   * @param flashId manufacturer in the low byte, then type, then capacity
   */
  constructor(
    private readonly chip: EspChip,
    mac: string,
    private readonly flashId: number,
  ) {
    this.written.set(magicAddress, chip.magic);
    this.written.set(chip.macHigh, Number.parseInt(mac.slice(0, 4), 16));
    this.written.set(chip.macLow, Number.parseInt(mac.slice(4), 16));
    for (const { register, value } of chip.locked ?? []) this.written.set(register, value);
    const { measured } = chip;
    if (!measured) return;
    this.written.set(measured.calibrationAt, measured.calibration << 7);
    this.written.set(measured.oscillatorAt, measured.oscillator);
  }

  setBaudRate(baudRate: number): void {
    this.written.set(this.chip.uartDivider, Math.round(this.chip.uartClockHz / baudRate));
  }

  read(address: number): number {
    return this.written.get(address) ?? 0;
  }

  /** Bits outside `mask` keep their value. */
  write(address: number, value: number, mask: number): void {
    if (this.isLocked(address)) return;
    this.written.set(address, ((this.read(address) & ~mask) | (value & mask)) >>> 0);
    const { spi } = this.chip;
    if (address !== spi.command || !(this.read(address) & userCommand)) return;
    this.written.set(address, 0);
    if (this.sendsReadId()) this.written.set(spi.data0, this.flashId & this.misoMask());
  }

  private isLocked(address: number): boolean {
    return (this.chip.locked ?? []).some(({ register, lock, key }) => register === address && this.read(lock) !== key);
  }

  private sendsReadId(): boolean {
    const user = this.read(this.chip.spi.user);
    const flags = (user & userHasMiso) !== 0 && user >= userHasCommand;
    return flags && (this.read(this.chip.spi.user2) & 0xffff) === readId;
  }

  private misoMask(): number {
    const bits = this.read(this.chip.spi.misoLength) + 1;
    return bits >= 32 ? -1 : 2 ** bits - 1;
  }
}
