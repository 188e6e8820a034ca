// What an update is refused with, for tests of what is checked.

import { expect } from "vitest";
import { FtteError } from "../../../host/errors.ts";
import { type Expected, validateUpdate } from "../../../host/fl/validate.ts";

/** The refusal's text; fails when there is none. @param expected of every update, unless a test says otherwise */
export const refusing =
  (expected: Expected) =>
  (bytes: Uint8Array, what: Partial<Expected> = {}): string => {
    try {
      validateUpdate(bytes, { ...expected, ...what });
    } catch (error) {
      expect(error).toBeInstanceOf(FtteError);
      expect((error as FtteError).code).toBe("update-invalid");
      return (error as FtteError).message;
    }
    throw new Error("the update passed");
  };
