// `ftte run export`: a run's newest model as safetensors, a C header and JSON.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FtteError } from "../../errors.ts";
import { averagedModel } from "../../fl/averaging.ts";
import { shapeModel } from "../../plan/shapes.ts";
import { cHeader, modelJson, safetensors } from "../model_files.ts";
import { say, sayJson } from "../output.ts";
import { findRun, frozenConfig, openStore } from "../project_store.ts";
import { modelOf } from "../setup.ts";
import { serverOf } from "../strategies.ts";

/** Written beside its place and moved there, so that no half of a file is ever left. */
function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new FtteError("file-unwritable", `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

export async function exportRun(
  id: string | undefined,
  options: { config: string; out: string; json?: boolean },
): Promise<void> {
  const store = openStore(dirname(resolve(options.config)));
  try {
    const record = findRun(store, id);
    const { config } = frozenConfig(record);
    const stored = averagedModel(store.open(record.id), serverOf(config).averaging);
    if (!stored)
      throw new FtteError("run-unknown", `run ${record.id} has no model yet; go on with: ftte run resume ${record.id}`);
    const model = modelOf(config);
    const { parameters } = shapeModel(model);
    const tensors = { name: model.name, version: stored.version, parameters, values: stored.parameters };
    const files = {
      "model.safetensors": safetensors(tensors),
      "model.h": cHeader(tensors),
      "model.json": modelJson(tensors),
    };
    try {
      mkdirSync(options.out, { recursive: true });
    } catch (cause) {
      throw new FtteError("file-unwritable", `${options.out} cannot be made: ${(cause as Error).message}`, { cause });
    }
    const paths = Object.entries(files).map(([name, content]) => {
      const path = join(options.out, name);
      writeWhole(path, content);
      return path;
    });
    if (options.json) sayJson({ type: "result", run: record.id, version: stored.version, files: paths });
    else say(false, `run ${record.id}, version ${stored.version}: wrote ${paths.join(", ")}`);
  } finally {
    store.close();
  }
}
