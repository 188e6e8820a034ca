// Vitest's global setup: what tests leave in the folder for temporary files is gone when they have ended.

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "ftte-tests-"));
  chmodSync(folder, 0o1777); // as /tmp: some tests become somebody else
  process.env.TMPDIR = folder; // workers and what they start inherit it
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
