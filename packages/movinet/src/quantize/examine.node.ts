/** Measures a candidate on the clips that were held back: the bytes that would be written, in the kernels that run them. */
import { openEngine } from "../engines/device.node.ts";
import { Program } from "../session/program.ts";
import { answersOf } from "./answers.ts";
import { auditFile } from "./audit.ts";
import { type Candidate, precisionOf } from "./candidate.ts";
import { evenly, firstOf } from "./evenly.ts";
import { latenciesOf } from "./latency.ts";
import { layerNoise } from "./layers.ts";
import {
  type ClipAnswers,
  judge,
  type Latency,
  type QuantizationReceipt,
  type Rejection,
  sharesOf,
} from "./receipt.ts";
import { observe, openBytes, type Trial, writeCandidate } from "./trial.node.ts";

/** Compared clips whose values must fit the ranges. */
const auditedClips = 20;
/** Compared clips, and frames of each, on which the noise of layers is measured. */
const [noisyClips, noisyFrames] = [5, 10];
/** Frames on which engines are timed. */
const timedFrames = 40;

/** The bytes of a candidate, without a receipt, and its receipt. `before`: the model's answers for the compared clips. */
export async function examine(
  trial: Trial,
  candidate: Candidate,
  { before, float32, rejected }: { before: readonly ClipAnswers[]; float32: Program; rejected: readonly Rejection[] },
): Promise<QuantizationReceipt> {
  const { model, clips, engine, litert, form, maxDrop, onProgress } = trial;
  const { mode, chosen } = candidate;
  const bytes = writeCandidate(trial, candidate);
  const program = await openBytes(trial, bytes);
  try {
    let done = 0;
    const report = () => onProgress("comparing", ++done, clips.compared.length);
    const answers = await answersOf(program, clips.compared, clips.read, report);
    const seen = chosen && (await observe(trial, evenly(clips.compared, auditedClips), "checking"));
    const noisy = evenly(clips.compared, noisyClips).map((sample) => firstOf(clips.read(sample), noisyFrames));
    const judgement = judge(before, answers, {
      output: model.card.output,
      maxDrop,
      found: auditFile(bytes, model, seen),
    });
    return {
      type: "receipt",
      mode,
      source: { name: trial.name, runtime: engine.name },
      result: { format: "tflite", form, dtype: precisionOf[mode], runtime: litert.name },
      bytes: bytes.length,
      calibration: chosen && {
        clips: clips.calibration.length,
        frames: chosen.frames,
        method: chosen.method,
        floats: chosen.floats,
      },
      judged: clips.judged,
      ...sharesOf(judgement),
      ...judgement,
      latency: await timesOf(trial, mode, { float32, program }),
      layers: await layerNoise({ ...model, integers: chosen?.integers }, precisionOf[mode], litert, noisy),
      rejected,
    };
  } finally {
    await program[Symbol.asyncDispose]();
  }
}

/** The model in float32 on each engine here, and the file, last. */
async function timesOf(
  { model, engine, clips, litert }: Trial,
  mode: string,
  { float32, program }: { float32: Program; program: Program },
): Promise<readonly Latency[]> {
  const wasm = await openEngine({ device: "wasm" });
  const engines = engine.name === wasm.name ? [wasm] : [engine, wasm];
  const own = engines.map((one) => Program.prepare(model, one));
  const pictures: Float32Array[] = [];
  for (const sample of clips.compared) {
    for await (const picture of firstOf(clips.read(sample), timedFrames - pictures.length)) pictures.push(picture);
  }
  try {
    const times = await latenciesOf([...own, float32, program], pictures);
    const named = [...engines.map(({ name }) => name), litert.name, litert.name];
    return times.map((milliseconds, i) => {
      const precision = i === times.length - 1 ? mode : "float32";
      return { runtime: named[i] as string, precision, milliseconds };
    });
  } finally {
    for (const one of own) await one[Symbol.asyncDispose]();
  }
}
