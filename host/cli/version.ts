// The package's own version. Bundled in, so that `ftte --version` reads no file.
import pkg from "../../package.json" with { type: "json" };

export const version: string = pkg.version;
