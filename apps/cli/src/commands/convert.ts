import { defineCommand } from "citty";
import { openTerminal } from "../terminal.ts";
import { parseCount, UsageError } from "../usage.ts";

const formats = ["tflite", "onnx", "safetensors"] as const;
const forms = ["step", "official", "clip"] as const;
const dtypes = ["float32", "float16", "dynamic_int8"] as const;

export const convertCommand = defineCommand({
  meta: { name: "convert", description: "Writes a model as a TFLite or ONNX file, and proves that it says the same" },
  args: {
    in: { type: "positional", description: "A model file (.safetensors, .tflite, .onnx) or a name", required: false },
    out: { type: "positional", description: "The file to write: .tflite, .onnx or .safetensors", required: false },
    form: {
      type: "string",
      description:
        "step: one frame, nothing above rank 4; official: Google's signature (.tflite); clip: all frames at once (default: step, of base models clip)",
    },
    dtype: { type: "string", description: "Of the weights: float32, float16 or dynamic_int8 (default float32)" },
    frames: { type: "string", description: "Frames of a clip (default: the model's window)" },
    labels: {
      type: "string",
      description: "The model's class names: a file with one a line, or kinetics-600 (default: its own)",
    },
    json: { type: "boolean", description: "The parity receipt as one JSON object on stdout" },
    quiet: { type: "boolean", description: "No progress" },
    debug: { type: "boolean", description: "Show the stack of an error" },
  },
  async run({ args }) {
    const [input, output, ...more] = args._;
    if (input === undefined || output === undefined || more.length > 0) {
      const example = "Run for example: movinet convert runs/train-1/model.safetensors model.tflite";
      throw new UsageError("convert", "it takes a model and a file to write", example);
    }
    const format = formats.find((name) => output.toLowerCase().endsWith(`.${name}`));
    if (format === undefined) {
      throw new UsageError(output, "its ending is that of no format", `Use ${formats.map((f) => `.${f}`).join(", ")}`);
    }
    const choice = <T extends string>(name: "form" | "dtype", known: readonly T[]): T | undefined => {
      const given = args[name] as string | undefined;
      const found = known.find((one) => one === given);
      if (given === undefined || found !== undefined) return found;
      throw new UsageError(`--${name}`, `there is no ${given}`, `Use ${known.join(", ")}`);
    };
    const { convert } = await import("../convert/convert.ts");
    return convert(
      {
        input,
        output,
        format,
        form: choice("form", forms),
        dtype: choice("dtype", dtypes),
        frames: args.frames === undefined ? undefined : parseCount("frames", args.frames as string, 1, 4096),
        labels: args.labels as string | undefined,
      },
      openTerminal({ json: Boolean(args.json), quiet: Boolean(args.quiet) }),
    );
  },
});
