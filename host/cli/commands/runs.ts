// `ftte runs` and `ftte run show`: what this project's runs did.

import { dirname, resolve } from "node:path";
import { say, sayJson } from "../output.ts";
import { findRun, frozenConfig, openStore } from "../project_store.ts";
import { drawCurve } from "../view/curve.ts";
import { percent, table } from "../view/text.ts";

interface Options {
  config: string;
  json?: boolean;
}

export async function runs(options: Options): Promise<void> {
  const store = openStore(dirname(resolve(options.config)));
  try {
    const rows = store.runs().map((run) => ({
      id: run.id,
      name: run.name,
      created: run.created,
      state: run.state,
      versions: run.versions ?? 0,
      accuracy: store.evaluations(run.id).at(-1)?.accuracy,
    }));
    if (options.json) return sayJson({ type: "result", runs: rows });
    if (rows.length === 0) return say(false, 'no runs yet; start one with "ftte train"');
    const cells = rows.map((r) => [
      String(r.id),
      r.name,
      r.state,
      String(r.versions),
      r.accuracy === undefined ? "–" : percent(r.accuracy),
      r.created.slice(0, 16).replace("T", " "),
    ]);
    say(false, table(["run", "name", "state", "versions", "accuracy", "started"], cells));
  } finally {
    store.close();
  }
}

export async function show(id: string | undefined, options: Options): Promise<void> {
  const store = openStore(dirname(resolve(options.config)));
  try {
    const record = findRun(store, id);
    const run = store.open(record.id);
    const evaluations = store.evaluations(record.id);
    const { folded, rejected } = run.counts();
    const tasks = run.tasks();
    const waiting = tasks.filter((task) => task.state !== "sent").length;
    const boards = run
      .boards()
      .map((board) => ({ id: board.id, tasks: board.tasks, version: board.held?.version ?? 0 }));
    const { config, deterministic } = frozenConfig(record);
    if (options.json)
      return sayJson({
        type: "result",
        run: { ...record, config, deterministic, versions: record.versions ?? 0 },
        updates: { folded, rejected, waiting },
        boards,
        evaluations,
      });
    const last = evaluations.at(-1);
    say(
      false,
      [
        `run ${record.id} (${record.name}): ${record.state}, started ${record.created}, config ${record.sha256.slice(0, 12)}`,
        `version ${record.versions ?? 0}, accuracy ${last ? percent(last.accuracy) : "–"}; updates: ${folded} folded, ${rejected} rejected, ${waiting} waiting`,
        "",
        ...drawCurve(evaluations, 60, 9),
        "",
        table(
          ["board", "tasks", "version"],
          boards.map((b) => [b.id, String(b.tasks), String(b.version)]),
        ),
        ...(record.state === "finished" ? [] : ["", `go on with: ftte run resume ${record.id}`]),
      ].join("\n"),
    );
  } finally {
    store.close();
  }
}
