import { channelsLast } from "../layout.ts";
import { disposeAll } from "./form.ts";
import { elementsOf, type TfliteExecutable } from "./runtime.ts";

/** A file that takes whole clips and has no state. */
export interface ClipFile {
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** What the file gives for a clip `[frames, 3, H, W]`. */
  run(clip: Float32Array): Promise<Float32Array>;
}

/** A file whose only input is a clip, `[frames, H, W, 3]` or `[1, frames, H, W, 3]`, with one output; null for others. */
export function clipFile(executable: TfliteExecutable): ClipFile | null {
  const [image, ...states] = executable.inputs;
  const [logits, ...results] = executable.outputs;
  if (!image || !logits || states.length > 0 || results.length > 0) return null;
  const [channels, width = 0, height = 0, frames = 0, ...outer] = image.shape.toReversed();
  if (image.dtype !== "float32" || channels !== 3 || elementsOf(outer) !== 1 || frames < 1) return null;
  return {
    frames,
    height,
    width,
    classes: elementsOf(logits.shape),
    async run(clip) {
      const size = clip.length / frames;
      const pictures = Array.from({ length: frames }, (_, t) => clip.subarray(t * size, (t + 1) * size));
      const tensor = executable.upload(image.name, channelsLast(pictures, { channels, height, width }));
      try {
        const outputs = await executable.run({ [image.name]: tensor });
        const values = outputs[logits.name]?.read() as Float32Array;
        disposeAll(outputs);
        return values;
      } finally {
        tensor.dispose();
      }
    },
  };
}
