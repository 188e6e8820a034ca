// The sensors' drivers against emulated I2C devices that hold them to their datasheets.
import { sanitizers, testC } from "./c_program.ts";

testC({
  name: "sensors",
  sources: [
    "tests/core/sensors_test.c",
    ...["bus", "lsm6ds3_device", "max30102_device"].map((name) => `tests/core/i2c_devices/${name}.c`),
    ...["registers", "lsm6ds3", "max30102"].map((name) => `firmware/sensors/${name}.c`),
  ],
  flags: [...sanitizers, "-Itests/core"],
});
testC({
  name: "i2c_pins",
  sources: ["tests/core/i2c_pins_test.c", "firmware/sensors/i2c_pins.c"],
  flags: [...sanitizers, "-Itests/core"],
});
