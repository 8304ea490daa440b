import { defineCommand } from "citty";
import { openTerminal } from "../terminal.ts";
import { UsageError } from "../usage.ts";

export const verifyCommand = defineCommand({
  meta: {
    name: "verify",
    description: "Runs a model in every way there is here, and tells how far the answers are apart",
  },
  args: {
    model: {
      type: "positional",
      description: "A model file (.safetensors, .tflite, .onnx) or a name",
      required: false,
    },
    against: { type: "string", description: "Another file of the same network", valueHint: "model" },
    clips: {
      type: "string",
      description: "Compare on the first frames of these videos (default: on generated ones with motion)",
      valueHint: "folder",
    },
    json: { type: "boolean", description: "The receipt as one JSON object on stdout" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [model, ...more] = args._;
    if (model === undefined || more.length > 0) {
      const example = "Run for example: movinet verify model.tflite --against runs/train-1/model.safetensors";
      throw new UsageError("verify", "it takes one model", example);
    }
    const { verify } = await import("../convert/verify.ts");
    const { against, clips } = args as { against?: string; clips?: string };
    return verify({ model, against, clips }, openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }));
  },
});
