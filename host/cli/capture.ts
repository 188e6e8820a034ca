// What a project says about capturing: which numbers its labels have, and how rows become the windows that its model takes. Talks to no
// board.

import { haptWindows } from "../data/hapt.ts";
import type { Windowing } from "../data/windows.ts";
import { FtteError } from "../errors.ts";
import { SampleType, type SensorInfo } from "../wire/spec.gen.ts";
import type { ResolvedConfig } from "./config_schema.ts";
import type { Project } from "./load_config.ts";
import { loadRunData, modelOf } from "./setup.ts";

/** Names of the project's labels, in the order of their numbers: those of its data, so that a board's labels mean what its test data's do. */
export const labelsOf = ({ config, folder }: Project): string[] => loadRunData(config, folder).test.classes;

/** @throws FtteError "usage" with the names that there are */
export function labelNumber(name: string, labels: readonly string[]): number {
  const number = labels.indexOf(name);
  if (number >= 0) return number;
  throw new FtteError("usage", `"${name}" is no label of the project's data; its labels are ${labels.join(", ")}`);
}

/**
 * The windows that the model takes of a sensor's rows.
 * @throws FtteError "data-invalid" when the sensor's rows are not what the model's input is made of
 */
export function windowingOf(config: ResolvedConfig, board: string, sensor: SensorInfo): Windowing {
  const { name, input } = modelOf(config);
  const elements = input.shape.reduce((product, n) => product * n, 1);
  if (SampleType[input.type] !== sensor.type || elements % sensor.elements !== 0)
    throw new FtteError(
      "data-invalid",
      `${board}: model ${name} takes ${input.shape.join("×")} of ${input.type}, and the sensor's rows are ${sensor.elements} of ` +
        `${typeName(sensor.type)}; docs/sensors.md says what each sensor measures`,
    );
  const window = elements / sensor.elements;
  return { window, hop: hopOf(config, window) };
}

/** As the project's own data is cut. */
function hopOf({ data }: ResolvedConfig, window: number): number {
  if (data.kind === "csv") return data.hop;
  return data.kind === "hapt" ? haptWindows.hop : window;
}

export const typeName = (type: number): string =>
  Object.entries(SampleType).find(([, number]) => number === type)?.[0] ?? `type ${type}`;
