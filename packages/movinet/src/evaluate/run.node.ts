import { DatasetError, type MovinetError, VideoError } from "../common/errors.ts";
import type { Clip, ClipView, SourceClip } from "../data/clip.ts";
import type { ClipCache, ClipFailure } from "../data/clip-cache.node.ts";
import type { Sample } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { classifyFrames } from "../flow/classify.ts";
import type { Arithmetic } from "../graph/precision.ts";
import type { Fit, InputSize } from "../model/card.ts";
import type { Model } from "../model/model.ts";
import { Program } from "../session/program.ts";
import type { Frame, Picture } from "../video/frame.ts";
import { Decoders } from "../video/video.node.ts";
import { type Agreement, ClipMode, type Recording, recorded } from "./agreement.ts";
import { noMoments, noteMoment } from "./early.ts";
import { type Answer, answerOf } from "./metrics.ts";
import { Keepsakes } from "./pictures.ts";
import type { DamagedClip } from "./verdict.ts";

/** The frames of a sample for the model: at its frame rate and size, from `start` to `end`. */
export type SampleFrames = AsyncIterable<Frame> &
  Partial<AsyncDisposable> & {
    /** Displayed size, known from the first frame; null if unknown. */
    readonly info?: { readonly width: number; readonly height: number } | null;
    /** What is wrong with the video, known after its last frame. */
    readonly warnings?: readonly string[];
  };

export interface EvaluateModelOptions {
  readonly engine: Engine;
  /** Opens a sample. Default: decodes its file as `classify` does. The next one is opened in advance. */
  readonly openFrames?: (sample: Sample) => SampleFrames;
  /** How a picture is fitted to the network's input. Default: as the model was trained. */
  readonly fit?: Fit | undefined;
  /** A cache to read decoded clips from; nothing is added. Default: none. */
  readonly cache?: ClipCache;
  /** Aborts the evaluation: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each sample, in order. */
  readonly onClip?: (outcome: ClipOutcome) => void;
  /**
   * Number of clips, evenly distributed, for comparing stream and clip mode; they take more than twice the time.
   * Default 10.
   */
  readonly compared?: number;
  /** Small pictures of each clip for `onClip`. Default 0. */
  readonly pictures?: number;
}

/** The outcome of one sample. */
export interface ClipOutcome {
  readonly sample: Sample;
  /** Null if it failed. */
  readonly answer: Answer | null;
  /** Why it failed, or null. */
  readonly error: MovinetError | null;
  /** What is wrong with its video, although it yielded frames. */
  readonly warnings: readonly string[];
  readonly frames: number;
  /** Seconds from the first frame to the last. */
  readonly seconds: number;
  readonly pictures: readonly Picture[];
  /** Width / height of the displayed pictures. */
  readonly aspect: number;
}

export interface ModelAnswers {
  /** For the decodable samples, in order. */
  readonly answers: readonly Answer[];
  readonly failures: readonly ClipFailure[];
  /** Samples that were evaluated although something is wrong with their videos. */
  readonly damaged: readonly DamagedClip[];
  /** Null for base models and integers, which have only one mode, and if no clip was compared. */
  readonly agreement: Agreement | null;
  /** `int8` if the model's integers answered; `float32` also for the dequantized weights of a quantized model. */
  readonly arithmetic: Arithmetic;
}

/**
 * A model's answers for samples, whose classes are the model's output indexes: frame by frame, exactly as in `movinet
 * classify`. An undecodable sample is a failure in the result; other errors end the evaluation.
 */
export async function evaluateModel(
  model: Model,
  samples: readonly Sample[],
  { engine, openFrames, fit, cache, signal, onClip, compared = 10, pictures = 0 }: EvaluateModelOptions,
): Promise<ModelAnswers> {
  const decoders = openFrames ? null : new Decoders();
  const view = { ...model.card.input, fit: fit ?? model.card.input.fit, fps: model.card.fps };
  const decoded = (sample: Sample) => decode(sample, view, decoders as Decoders, signal);
  const open = openFrames ?? (cache ? fromCache(cache, view, decoded, signal) : decoded);
  const opening = async (sample: Sample | undefined) => (sample ? open(sample) : null);
  const answers: Answer[] = [];
  const failures: ClipFailure[] = [];
  const damaged: DamagedClip[] = [];
  const program = Program.prepare(model, engine);
  const { arithmetic } = program;
  const hasTwoModes = model.spec.mode === "stream" && arithmetic === "float32";
  const clipMode = hasTwoModes ? new ClipMode(model, engine) : null;
  const isCompared = (i: number) =>
    Math.floor((i * compared) / samples.length) !== Math.floor(((i - 1) * compared) / samples.length);
  let next = opening(samples[0]);
  try {
    for (const [i, sample] of samples.entries()) {
      signal?.throwIfAborted();
      const frames = (await next) as SampleFrames;
      next = opening(samples[i + 1]);
      next.catch(() => {}); // reported where it is awaited
      const outcome = await answerOne(sample, frames, program, isCompared(i) ? clipMode : null, {
        signal,
        pictures,
        view,
      });
      const { warnings } = outcome;
      if (outcome.answer && warnings.length > 0) damaged.push({ sample, warnings });
      if (outcome.answer) answers.push(outcome.answer);
      else failures.push({ sample, error: outcome.error as MovinetError });
      onClip?.(outcome);
    }
    return { answers, failures, damaged, agreement: clipMode?.agreement ?? null, arithmetic };
  } finally {
    await (await next.catch(() => null))?.[Symbol.asyncDispose]?.();
    await decoders?.[Symbol.asyncDispose]();
    await clipMode?.[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
  }
}

async function answerOne(
  sample: Sample,
  source: SampleFrames,
  program: Program,
  clipMode: ClipMode | null,
  { signal, pictures, view }: { signal: AbortSignal | undefined; pictures: number; view: InputSize },
): Promise<ClipOutcome> {
  const moments = noMoments();
  const recording: Recording = { frames: [], logits: null, seen: 0 };
  const watched = clipMode ? recorded(program, recording, clipMode.mostFrames) : program;
  const keepsakes = new Keepsakes(pictures);
  let scores: Float32Array | null = null;
  let error: MovinetError | null = null;
  try {
    const frames = noted(source, (frame) => keepsakes.add(frame));
    for await (const result of classifyFrames(frames, watched, { fit: view.fit, answers: "grouped", signal })) {
      scores = result.scores;
      noteMoment(moments, result.frame + 1, result.time, scores);
    }
    if (scores === null) throw noFrames(sample);
    if (recording.logits) await clipMode?.compare(recording.frames.slice(0, recording.seen), recording.logits);
  } catch (thrown) {
    if (signal?.aborted || !isOfClip(thrown)) throw thrown;
    error = thrown;
  } finally {
    await source[Symbol.asyncDispose]?.();
  }
  const shown = view.fit === "squash" ? source.info : null;
  return {
    sample,
    answer: error || !scores ? null : answerOf(sample, scores, moments),
    error,
    warnings: source.warnings ?? [],
    frames: moments.frames.at(-1) ?? 0,
    seconds: moments.times.at(-1) ?? 0,
    pictures: keepsakes.take(),
    aspect: shown ? shown.width / shown.height : view.width / view.height,
  };
}

function decode(
  sample: Sample,
  { fps, ...size }: ClipView,
  decoders: Decoders,
  signal: AbortSignal | undefined,
): SampleFrames {
  const { file, start, end } = sample;
  const part = { start: start ?? 0, ...(end === null ? {} : { end }) };
  return decoders.openVideo(file, { fps, size, signal, ...part });
}

/** Opens samples from a cache if it has them. */
function fromCache(
  cache: ClipCache,
  view: ClipView,
  decoded: (sample: Sample) => SampleFrames,
  signal: AbortSignal | undefined,
): (sample: Sample) => Promise<SampleFrames> {
  return async (sample) => {
    const known = await cache.has(sample, view).catch((error: unknown) => {
      if (error instanceof DatasetError) return false; // decoding reports what is wrong
      throw error;
    });
    return known ? framesOfClip(cache.read(sample, view, signal)) : decoded(sample);
  };
}

/** The frames of a decoded clip: {@link EvaluateModelOptions.openFrames} from a cache. */
export function framesOfClip(clip: Promise<Clip & Partial<Pick<SourceClip, "source">>>): SampleFrames {
  let info: SampleFrames["info"] = null;
  let warnings: readonly string[] = [];
  clip.catch(() => {});
  return {
    get info() {
      return info ?? null;
    },
    get warnings() {
      return warnings;
    },
    async *[Symbol.asyncIterator]() {
      const { data, frames, width, height, aspect, fps, source } = await clip;
      warnings = source?.warnings ?? [];
      info = { width: aspect, height: 1 };
      const size = 3 * width * height;
      for (let t = 0; t < frames; t++) {
        yield { data: data.subarray(t * size, (t + 1) * size), width, height, timestamp: t / fps };
      }
    },
  };
}

/** Errors of one clip, which do not concern the others. */
function isOfClip(error: unknown): error is MovinetError {
  return error instanceof VideoError || (error instanceof DatasetError && error.code === "E_DATASET_CLIP");
}

async function* noted(frames: AsyncIterable<Frame>, note: (frame: Frame) => void): AsyncGenerator<Frame> {
  for await (const frame of frames) {
    note(frame);
    yield frame;
  }
}

function noFrames({ file, start, end }: Sample): VideoError {
  return new VideoError({
    code: "E_VIDEO_NO_FRAMES",
    subject: file,
    problem:
      start === null && end === null
        ? "it has no frames"
        : `it has no frames between ${start ?? 0} s and ${end === null ? "its end" : `${end} s`}`,
    remedy: "Use a video that can be played, or other times",
  });
}
