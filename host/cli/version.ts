// The package's own version, and the Node that it needs. Bundled in, so that `ftte --version` reads no file.
import pkg from "../../package.json" with { type: "json" };

export const version: string = pkg.version;
/** The oldest Node that runs it. */
export const needsNode: string = pkg.engines.node.replace(">=", "");
