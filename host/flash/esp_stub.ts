// The flasher stubs that esptool-js brings, programs of Espressif's for a chip's RAM. Loads none of them into a chip.

import { createRequire } from "node:module";

interface Stub {
  text: string;
  text_start: number;
  data: string;
  data_start: number;
  entry: number;
}

/** The flasher stub that esptool-js brings for a chip. */
export function stubOf(chip: string): Stub | undefined {
  const name = chip.toLowerCase().replace("-", "");
  try {
    return createRequire(import.meta.url)(`esptool-js/lib/targets/stub_flasher/${name}.json`);
  } catch {
    return undefined;
  }
}
