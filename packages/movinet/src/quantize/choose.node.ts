/** Chooses what becomes an integer, and with which ranges, on calibration clips alone. */
import { datasetError, type Sample } from "../data/dataset.ts";
import type { Integers } from "../graph/quantize.ts";
import type { Program } from "../session/program.ts";
import { answersOf } from "./answers.ts";
import type { Calibration } from "./calibrate.ts";
import type { Candidate, FileMode } from "./candidate.ts";
import { evenly, firstOf } from "./evenly.ts";
import { rangeMethods } from "./histogram.ts";
import { layersOf } from "./layers.ts";
import { countAnswers } from "./receipt.ts";
import { fewestFloats, logitDecibels, sensitivities } from "./sweep.ts";
import { observe, openBytes, type Trial, writeCandidate } from "./trial.node.ts";

/** Fewer frames say too little about ranges. */
const fewestFrames = 50;
/** Calibration clips on which the ways to choose ranges, and the layers that stay floats, are compared. */
const triedClips = 10;
/** Clips, and frames of each, on which every layer is measured by itself. */
const [sweptClips, sweptFrames] = [5, 8];
/**
 * Share of the sure frames that must keep their class on calibration clips, and the least signal to noise of the logits there:
 * with less, other clips kept far fewer.
 */
const [enough, leastDecibels] = [0.98, 20];
/** Numbers beyond this leave nothing of the others in 256 steps. */
const mostRange = 2 ** 20;

/**
 * The candidates of a trial; `float32` is its file in float32. Those with integers throw a `RangeError` for a model that has
 * none, and a {@link DatasetError} for clips that say too little.
 */
export function candidatesOf(trial: Trial, float32: Program): (mode: FileMode) => Promise<Candidate> {
  const { model, clips, onProgress } = trial;
  const tried = evenly(clips.calibration, triedClips);
  const answer = (program: Program, samples: readonly Sample[], frames: number) =>
    answersOf(program, samples, (sample) => firstOf(clips.read(sample), frames));
  const answerWith = async (integers: Integers, samples: readonly Sample[], frames = Infinity) => {
    const chosen = { integers, method: rangeMethods[0], floats: [], frames: 0 };
    const program = await openBytes(trial, writeCandidate(trial, { mode: "int8", chosen }));
    return answer(program, samples, frames).finally(() => program[Symbol.asyncDispose]());
  };

  async function chooseRanges() {
    const calibration = await observe(trial, clips.calibration, "calibrating");
    check(calibration);
    const exact = await answer(float32, tried, Infinity);
    const found = [];
    for (const [i, method] of rangeMethods.entries()) {
      onProgress("choosing", i, rangeMethods.length);
      const ranges = calibration.ranges(method);
      const answers = await answerWith({ ranges, floats: [] }, tried);
      found.push({ method, ranges, same: countAnswers(exact, answers, model.card.output).same });
    }
    const [best] = found.toSorted((a, b) => b.same - a.same);
    if (best === undefined) throw new Error("internal: there is no way to choose ranges");
    return { ...best, exact, frames: calibration.frames };
  }

  function check({ frames, values, extremes }: Calibration): void {
    if (frames < fewestFrames) {
      const problem = `its ${clips.calibration.length} calibration clips have ${frames} frames, but ${fewestFrames} are needed`;
      throw datasetError("E_DATASET_EMPTY", clips.path, problem, "Add clips, or longer ones");
    }
    for (const value of values) {
      const most = Math.max(...extremes(value).map(Math.abs));
      if (most > mostRange) throw new RangeError(`its numbers explode: ${value} reaches ${most.toExponential(1)}`);
    }
  }

  async function chooseFloats({ exact, ranges }: Awaited<ReturnType<typeof chooseRanges>>) {
    const layers = layersOf(model);
    const names = [...layers.keys()];
    const withFloats = (chosen: readonly string[]): Integers => {
      return { ranges, floats: chosen.flatMap((layer) => layers.get(layer) ?? []) };
    };
    const swept = evenly(clips.calibration, sweptClips);
    let measured = 0;
    const ordered = await sensitivities({
      layers: names,
      exact: await answer(float32, swept, sweptFrames),
      answer(floats) {
        onProgress("sweeping", measured++, names.length);
        return answerWith(withFloats(floats), swept, sweptFrames);
      },
    });
    let halvings = 0;
    const floats = await fewestFloats(ordered, async (chosen) => {
      onProgress("choosing", halvings++, Math.ceil(Math.log2(names.length)));
      const answers = await answerWith(withFloats(chosen), tried);
      const { same, sure } = countAnswers(exact, answers, model.card.output);
      return same >= enough * sure && logitDecibels(exact, answers) >= leastDecibels;
    });
    if (floats === null) throw new RangeError("it keeps its answers only if all layers compute with floats");
    return { floats, integers: withFloats(floats) };
  }

  let full: ReturnType<typeof chooseRanges> | null = null;
  return async (mode) => {
    if (mode === "dynamic" || mode === "float16") return { mode, chosen: null };
    full ??= chooseRanges();
    const found = await full;
    const { ranges, method, frames } = found;
    const { floats, integers } =
      mode === "mixed" ? await chooseFloats(found) : { floats: [], integers: { ranges, floats: [] } };
    return { mode, chosen: { integers, method, floats, frames } };
  };
}
