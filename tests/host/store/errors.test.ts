// What the store calls each of SQLite's and the system's errors. Errors that really happen to a file: store.test.ts.

import { describe, expect, it } from "vitest";
import { FtteError } from "../../../host/errors.ts";
import { storeError } from "../../../host/store/errors.ts";

describe("a store's error", () => {
  /** sqlite.org/rescode.html: the primary codes that an operation can end with, some of the extended ones, and the system's. */
  const codes: [name: string, codes: string[]][] = [
    [
      "store-locked",
      ["SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED", "SQLITE_PROTOCOL"],
    ],
    ["store-full", ["SQLITE_FULL", "SQLITE_NOMEM", "ENOSPC", "EDQUOT"]],
    [
      "file-unwritable",
      [
        ...["SQLITE_CANTOPEN", "SQLITE_CANTOPEN_ISDIR", "SQLITE_READONLY", "SQLITE_READONLY_DBMOVED", "SQLITE_PERM"],
        ...["SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE", "SQLITE_AUTH"],
        ...["EACCES", "ENOTDIR", "EEXIST", "EROFS", "EPERM", "ELOOP", "ENAMETOOLONG"],
      ],
    ],
    [
      "store-corrupt",
      [
        ...[
          "SQLITE_CORRUPT",
          "SQLITE_CORRUPT_INDEX",
          "SQLITE_NOTADB",
          "SQLITE_FORMAT",
          "SQLITE_ERROR",
          "SQLITE_SCHEMA",
        ],
        ...["SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_INTERNAL"],
      ],
    ],
  ];
  it.each(codes)("has one name for each of SQLite's codes: %s", (name, list) => {
    for (const code of list) {
      const cause = Object.assign(new Error("the cause"), { code });
      const error = storeError(cause, "/home/me/runs.sqlite") as FtteError;
      expect([code, error.code]).toEqual([code, name]);
      expect(error.message).toContain("/home/me/runs.sqlite");
      expect(error.message).toMatch(/; .{10}/); // what to do
      expect(error.cause).toBe(cause);
    }
  });

  it("leaves our own errors and mistakes in the code as they are", () => {
    const ours = new FtteError("run-unknown", "no");
    const nodes = Object.assign(new TypeError("a mistake"), { code: "ERR_INVALID_ARG_TYPE" });
    for (const cause of [ours, nodes, new TypeError("undefined is not a function"), "text"])
      expect(storeError(cause, "x")).toBe(cause);
  });
});
