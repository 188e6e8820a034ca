// Prints the Debian packages that are missing, in one line, for scripts/setup: what everybody needs, and what is named in the arguments: ports
// (others are passed over), or "test" for all ports and the tests' own tools. Runs before there are npm packages.

// @ts-check
import { basics, chipPorts, missingPackages, ofPort, testTools } from "../host/build/prerequisites.mjs";

const named = process.argv.slice(2);
const isTest = named.includes("test");
const ports = chipPorts().filter((port) => isTest || named.includes(port));
console.log(missingPackages([...basics(), ...ports.flatMap(ofPort), ...(isTest ? testTools : [])]).join(" "));
