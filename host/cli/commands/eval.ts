// `ftte eval`: a run's model on the held-out data, with the boards' own kernels.

import { dirname, resolve } from "node:path";
import { buildGuest } from "../../build/guest.ts";
import { builtGuest } from "../../build/root.ts";
import { FtteError } from "../../errors.ts";
import { averagedModel } from "../../fl/averaging.ts";
import { ModelEvaluator, macroF1 } from "../../sim/evaluate.ts";
import { loadKernels } from "../../sim/guest.ts";
import { say, sayJson } from "../output.ts";
import { findRun, frozenConfig, openStore } from "../project_store.ts";
import { loadRunData, modelOf } from "../setup.ts";
import { serverOf } from "../strategies.ts";
import { percent, table } from "../view/text.ts";

export async function evaluate(id: string | undefined, options: { config: string; json?: boolean }): Promise<void> {
  const folder = dirname(resolve(options.config));
  const store = openStore(folder);
  try {
    const record = findRun(store, id);
    const { config } = frozenConfig(record);
    const stored = averagedModel(store.open(record.id), serverOf(config).averaging);
    if (!stored)
      throw new FtteError("run-unknown", `run ${record.id} has no model yet; go on with: ftte run resume ${record.id}`);
    await buildGuest();
    const model = modelOf(config);
    const { test, normalisation } = loadRunData(config, folder);
    const evaluator = new ModelEvaluator(loadKernels(builtGuest("kernels.twin.wasm")), {
      model,
      data: test,
      normalisation,
    });
    const { accuracy, loss, confusion } = evaluator.evaluate(stored.parameters);
    const f1 = confusion.length ? macroF1(confusion) : undefined;
    if (options.json)
      return sayJson({
        type: "result",
        run: record.id,
        version: stored.version,
        samples: test.count,
        accuracy,
        loss,
        macroF1: f1,
        confusion,
      });
    const score =
      model.kind === "autoencoder"
        ? `mean squared error ${loss.toFixed(5)}`
        : `accuracy ${percent(accuracy)}, macro-F1 ${f1?.toFixed(3)}, loss ${loss.toFixed(4)}`;
    say(false, `run ${record.id}, version ${stored.version}, ${test.count} held-out samples: ${score}`);
    if (confusion.length)
      say(
        false,
        `\n${table(
          ["truth \\ answer", ...test.classes],
          confusion.map((row, i) => [test.classes[i]!, ...row.map(String)]),
        )}`,
      );
  } finally {
    store.close();
  }
}
