import { defineCommand } from "citty";
import type { Commands } from "../command.ts";

const subCommands: Commands = {
  check: async () => (await import("./dataset-check.ts")).datasetCheckCommand,
  synth: async () => (await import("./dataset-synth.ts")).datasetSynthCommand,
};

export const datasetCommand = defineCommand({
  meta: { name: "dataset", description: "Looks after the clips that a model is trained on" },
  subCommands,
});
