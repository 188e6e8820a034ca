// `ftte doctor`: what is missing on this machine, why it matters and the line that mends it. Changes nothing.

import { exitStatus } from "../../errors.ts";
import { diagnose, isReady } from "../doctor/diagnose.ts";
import { gatherFacts } from "../doctor/facts.ts";
import { findingsText } from "../doctor/text.ts";
import { say, sayJson } from "../output.ts";

/** Exit status 1 when virtual boards could not run. */
export async function doctor(options: { json?: boolean }): Promise<void> {
  const findings = diagnose(await gatherFacts(process.cwd()));
  const ready = isReady(findings);
  if (options.json) sayJson({ type: "result", ready, findings });
  else say(false, findingsText(findings));
  if (!ready) process.exitCode = exitStatus.failure;
}
