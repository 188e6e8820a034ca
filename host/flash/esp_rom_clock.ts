// What to ask an ESP32's ROM for, so that its UART runs at a rate: it divides by the crystal's frequency as it measured that against its
// 8 MHz oscillator, which drifts by some per cent. Pure. The flasher stub, and the ROMs of later chips, divide rightly.
//
// Source: esptool, esptool/targets/esp32.py, `get_rom_cal_crystal_freq` and `change_baud`.

/** TIMG0's RTCCALICFG1: the measurement, in bits 7 to 31. */
export const calibrationRegister = 0x3ff5f06c;
/** BLK0's fifth eFuse word: the oscillator's trim, CK8M_FREQ, in the low byte. */
export const oscillatorFuses = 0x3ff5a010;

/** @returns the rate to ask for; `baudRate` itself where nothing was measured */
export function esp32RomRate(baudRate: number, calibration: number, fuses: number): number {
  const believedHz = ((calibration >>> 7) * 15_625 * (fuses & 0xff)) / 40;
  if (believedHz === 0) return baudRate;
  const crystalHz = believedHz > 33e6 ? 40e6 : 26e6;
  return Math.floor((baudRate * believedHz) / crystalHz);
}
