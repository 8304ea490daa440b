/** What an engine must show before it is used: answers that are known, or those of an engine that has shown them. */
import type { Engine } from "../engines/engine.ts";
import { probeModel, sequence } from "../engines/probe.ts";
import type { Card } from "../model/card.ts";
import { Program } from "../session/program.ts";
import { centred, failuresOf, type Likeness, likenessOf, limitsOf, yardstickOf } from "./criterion.ts";

/** Logits after each frame of each clip, and the milliseconds of a step once it is warm. */
export interface Answers {
  readonly logits: readonly Float32Array[];
  readonly ms: number;
}

/** How far answers are from the right ones, and what that means: null if they pass. */
export interface Receipt {
  readonly difference: number | null;
  readonly problem: string | null;
}

/** Answers of the reference interpreter for the small network of `probe.ts`, after each of its frames. */
const known: readonly (readonly number[])[] = [
  [2.26568, -3.96779, 3.64765, -1.37182, -1.87226],
  [1.76755, -2.95406, 2.5813, -0.73986, -1.7812],
  [1.61471, -2.6059, 2.19684, -0.49468, -1.77513],
  [1.55506, -2.45391, 2.02191, -0.37671, -1.78225],
];
/** The largest difference from them: single precision and rounding, a hundred times less than what a wrong op makes. */
const mostDifference = 1e-3;

/** Steps a small network with every op, whose answers are known, frame by frame with its states. */
export async function probe(engine: Engine): Promise<Receipt> {
  const model = probeModel();
  const { height, width } = model.spec.resolution;
  const frames = known.map((_, t) => sequence(3 * height * width, 40 + t).map((value) => 0.5 + 0.5 * value));
  const program = await Program.compile(model, engine);
  try {
    const { logits } = await answersOf(program, [frames]);
    let difference = 0;
    for (const [t, right] of known.entries()) {
      for (const [c, value] of right.entries()) {
        difference = Math.max(difference, Math.abs((logits[t]?.[c] ?? Number.NaN) - value));
      }
    }
    if (difference <= mostDifference) return { difference, problem: null };
    return {
      difference: Number.isFinite(difference) ? difference : null,
      problem: `it computes wrong answers: a small test network's are off by ${shown(difference)} (limit ${mostDifference})`,
    };
  } finally {
    await program[Symbol.asyncDispose]();
  }
}

/** Steps two clips, generated for the model's input. Only for stream models. */
export function rehearse(program: Program): Promise<Answers> {
  return answersOf(program, clipsFor(program.model.spec.resolution));
}

/** Compares answers of an engine with those of one that is trusted. */
export function compare(answers: Answers, trusted: Answers, { output }: Pick<Card, "output">): Receipt {
  const truth = trusted.logits.map((logits) => centred(logits, output));
  const pairs = answers.logits.map((logits, i) => [centred(logits, output), truth[i] as Float64Array] as const);
  const limits = limitsOf("float32");
  const likeness = likenessOf(pairs, yardstickOf(truth));
  const fails = failuresOf(likeness, limits);
  if (fails.length === 0) return { difference: likeness.difference, problem: null };
  return { difference: likeness.difference, problem: `it computes wrong answers: ${told(likeness, limits.error)}` };
}

function told({ difference, error }: Likeness, limit: number): string {
  if (difference === null || error === null) return "some are not finite numbers";
  return `they differ by ${percent(error)} of their spread (limit ${percent(limit)}), at most by ${shown(difference)}`;
}

async function answersOf(program: Program, clips: readonly (readonly Float32Array[])[]): Promise<Answers> {
  const session = await program.openStream();
  try {
    const logits: Float32Array[] = [];
    const times: number[] = [];
    for (const clip of clips) {
      await session.reset();
      for (const frame of clip) {
        const began = performance.now();
        logits.push((await session.step(frame)).logits);
        times.push(performance.now() - began);
      }
    }
    return { logits, ms: Math.min(...times) };
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

const clipFrames = 3;

/** Gratings that move over a background, one way in the first clip and another in the second. */
function clipsFor({ height, width }: { readonly height: number; readonly width: number }): Float32Array[][] {
  const ways = [
    { x: 9, y: 4, t: 0.9 },
    { x: -5, y: 14, t: -1.3 },
  ];
  return ways.map((way) =>
    Array.from({ length: clipFrames }, (_, t) => {
      const frame = new Float32Array(3 * height * width);
      for (let i = 0; i < frame.length; i++) {
        const [x, y] = [(i % width) / width, (Math.floor(i / width) % height) / height];
        const colour = Math.floor(i / (width * height));
        const wave = Math.sin(way.x * x + way.y * y + way.t * t + colour);
        frame[i] = 0.5 + 0.3 * wave + (wave > 0.2 ? 0.2 : -0.2) * (x > y ? 1 : 0.4);
      }
      return frame;
    }),
  );
}

const shown = (value: number) => (Number.isFinite(value) ? value.toPrecision(2) : "no number");
const percent = (share: number) => `${(100 * share).toPrecision(2)} %`;
