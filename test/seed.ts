/** Runs before each test file: properties are tried on the same cases every time. */
import fc from "fast-check";

fc.configureGlobal({ seed: 1 });
