// What tells one ESP32 from another over its ROM loader: the word at 0x40001000, the chip id in GET_SECURITY_INFO, where the eFuses hold
// the MAC, and where SPI1's registers lie. Addresses are those of ESP-IDF's register headers (soc/efuse_reg.h: eFuse at 0x3FF5A000,
// 0x60008800, 0x60007000; soc/spi_reg.h and soc/spi_mem_reg.h: SPI1 at 0x3FF42000 and 0x60002000), as esptool has them
// (esptool/targets/esp32.py, esp32c3.py, esp32s3.py); the words at 0x40001000 those of the chips' ROMs (the ESP32-C3's is that of its third
// revision, ECO3).

export type EspChipName = "esp32" | "esp32c3" | "esp32s3";

export interface EspChip {
  /** The word at 0x40001000 in its ROM. */
  magic: number;
  /** In GET_SECURITY_INFO; undefined: its ROM does not know that command. */
  chipId?: number;
  /** The eFuse words with the low 32 bits of the MAC, and with the high 16. */
  macLow: number;
  macHigh: number;
  /** UART0's clock divider, from which a client may work out the crystal, and the clock that it divides. */
  uartDivider: number;
  uartClockHz: number;
  /** What this ROM measured its crystal by and sets every baud rate by, a few per cent off: registers, and what this chip's read. */
  measured?: { calibrationAt: number; calibration: number; oscillatorAt: number; oscillator: number };
  spi: SpiRegisters;
  /** Registers that take nothing while the one before them does not hold the key, and what they hold after a reset. */
  locked?: { lock: number; key: number; register: number; value: number }[];
  /** FLASH_BEGIN and FLASH_DEFL_BEGIN take a fifth word in this ROM: 1 for encrypted flash. */
  beginHasEncryptedWord: boolean;
}

/** Absolute addresses of SPI1. */
export interface SpiRegisters {
  command: number;
  user: number;
  user2: number;
  misoLength: number;
  data0: number;
}

export const magicAddress = 0x40001000;

const running = 2 ** 31; // WDTCONFIG0: WDT_EN
/** The RTC's watchdog and the super watchdog, from their registers' offsets in RTC_CNTL. */
const watchdogs = (config: number, protect: number, superConfig: number, superProtect: number) => [
  { lock: 0x60008000 + protect, key: 0x50d83aa1, register: 0x60008000 + config, value: running },
  { lock: 0x60008000 + superProtect, key: 0x8f1d312a, register: 0x60008000 + superConfig, value: 0 },
];

const spiNew: SpiRegisters = {
  command: 0x60002000,
  user: 0x60002018,
  user2: 0x60002020,
  misoLength: 0x60002028,
  data0: 0x60002058,
};

export const espChips: Record<EspChipName, EspChip> = {
  esp32: {
    magic: 0x00f01d83,
    macLow: 0x3ff5a004,
    macHigh: 0x3ff5a008,
    uartDivider: 0x3ff40014,
    uartClockHz: 40_000_000,
    measured: { calibrationAt: 0x3ff5f06c, calibration: 772, oscillatorAt: 0x3ff5a010, oscillator: 136 },
    spi: { command: 0x3ff42000, user: 0x3ff4201c, user2: 0x3ff42024, misoLength: 0x3ff4202c, data0: 0x3ff42080 },
    beginHasEncryptedWord: false,
  },
  esp32c3: {
    magic: 0x1b31506f,
    chipId: 5,
    macLow: 0x60008844,
    macHigh: 0x60008848,
    uartDivider: 0x60000014,
    uartClockHz: 40_000_000,
    spi: spiNew,
    locked: watchdogs(0x90, 0xa8, 0xac, 0xb0),
    beginHasEncryptedWord: true,
  },
  esp32s3: {
    magic: 0x00000009,
    chipId: 9,
    macLow: 0x60007044,
    macHigh: 0x60007048,
    uartDivider: 0x60000014,
    uartClockHz: 40_000_000,
    spi: spiNew,
    locked: watchdogs(0x98, 0xb0, 0xb4, 0xb8),
    beginHasEncryptedWord: true,
  },
};

/** The crystal's frequency in Hz as the ROM believes it (esptool, targets/esp32.py, `get_rom_cal_crystal_freq`). */
export function believedCrystalHz({ measured, uartClockHz }: EspChip): number {
  return measured ? (measured.calibration * 15_625 * measured.oscillator) / 40 : uartClockHz;
}
