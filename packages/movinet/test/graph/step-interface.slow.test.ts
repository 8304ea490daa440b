import { test } from "vitest";
import { specNames } from "../../src/arch/spec.ts";
import { isLarge } from "../large.ts";
import { checkFiles } from "./carried.ts";

const streams = specNames.filter((name) => name.endsWith("stream") && isLarge(name));

test.each(streams)("the files of %s carry what its graph carries, under Google's names", checkFiles);
