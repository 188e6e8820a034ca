// One process at a time in a folder. The system gives the lock free when its holder ends, however it ends.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { storeError } from "./errors.ts";

/**
 * Makes the folder where it is absent. Call the result to give it free.
 * @throws FtteError "store-locked", "store-full" or "file-unwritable"
 */
export function lockFolder(folder: string): () => void {
  let db: Database.Database | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    db = new Database(join(folder, "lock.sqlite"), { timeout: 500 });
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db?.close();
    throw storeError(cause, folder);
  }
  return () => db.close();
}
