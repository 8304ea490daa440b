/** The page of bench/litertjs-api.ts. */
import { open } from "movinet";
import { probabilities } from "movinet/session";
import { differenceOf } from "./difference.ts";
import { litertRun } from "./litertjs-steps.web.ts";

interface Plan {
  readonly rounds: number;
  readonly stepsInTurn: number;
}

/** Takes RGB bytes, as a page has them, and returns the probability of each class. */
type Step = (rgb: Uint8Array<ArrayBuffer>) => Promise<Float32Array>;

/** Milliseconds per step, for each contestant and round. The first three rounds are not counted. */
async function bench({ rounds, stepsInTurn }: Plan): Promise<{ blocks: number[][]; difference: number }> {
  const bytes = new Uint8Array(await (await fetch("/model.tflite")).arrayBuffer());
  const recognizer = await open(bytes, { device: "litert", wasmPaths: "/litert/", labels: "kinetics-600" });
  const stream = await recognizer.stream();
  const { width, height } = recognizer.card.input;
  const bare = await litertRun(bytes);
  const floats = new Float32Array(3 * width * height);
  const contestants: readonly Step[] = [
    async (rgb) => {
      for (let i = 0; i < floats.length; i++) floats[i] = rgb[i]! / 255;
      const logits = await bare.step(floats);
      return probabilities(logits as Float32Array, "softmax");
    },
    async (data) => (await stream.step({ data, width, height })).scores,
  ];
  const frames = Array.from({ length: 4 }, (_, k) =>
    Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * (37 + k)) % 256),
  );
  const blocks: number[][] = contestants.map(() => []);
  let difference = 0;
  for (let round = -3; round < rounds; round++) {
    const last: Float32Array[] = [];
    // Each begins every other round.
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const i of order) {
      const step = contestants[i]!;
      const started = performance.now();
      for (let k = 0; k < stepsInTurn; k++) last[i] = await step(frames[k % frames.length]!);
      if (round >= 0) blocks[i]!.push((performance.now() - started) / stepsInTurn);
    }
    difference = Math.max(difference, differenceOf(last[0]!, last[1]!));
  }
  await recognizer.close();
  await bare.close();
  return { blocks, difference };
}

Object.assign(globalThis, { bench });
