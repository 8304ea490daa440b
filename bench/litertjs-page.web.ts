/** The page of bench/litertjs.ts. */
import { openEngine } from "movinet/session";
import { litertRun, litertSession, type Steps } from "./litertjs-steps.web.ts";

interface Plan {
  /** `plain`: states fed back through the package's own `run`, as in its documentation. */
  readonly plan: readonly { readonly url: string; readonly plain: boolean }[];
  readonly rounds: number;
  readonly stepsInTurn: number;
}

/** Milliseconds per step, for each contestant and round. The first three rounds are not counted. */
async function bench({ plan, rounds, stepsInTurn }: Plan): Promise<{ blocks: number[][]; compileMs: number[] }> {
  const litert = await openEngine({ device: "litert", wasmPaths: "/litert/" });
  const compileMs: number[] = [];
  const contestants: Steps[] = [];
  for (const { url, plain } of plan) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const started = performance.now();
    contestants.push(plain ? await litertRun(bytes) : await litertSession(litert, bytes));
    compileMs.push(performance.now() - started);
  }
  const frames = Array.from({ length: 4 }, () => Float32Array.from({ length: contestants[0]!.size }, Math.random));
  const first = await Promise.all(contestants.slice(1).map(({ step }) => step(frames[0]!)));
  for (const logits of first) {
    const worst = logits.reduce((far, value, i) => Math.max(far, Math.abs(value - first[0]![i]!)), 0);
    if (!(worst <= 1e-3)) throw new Error(`logits differ by ${worst}`);
  }
  const blocks: number[][] = plan.map(() => []);
  for (let round = -3; round < rounds; round++) {
    for (const [i, { step }] of contestants.entries()) {
      const started = performance.now();
      for (let k = 0; k < stepsInTurn; k++) await step(frames[k % frames.length]!);
      if (round >= 0) blocks[i]!.push((performance.now() - started) / stepsInTurn);
    }
  }
  for (const { close } of contestants) await close();
  return { blocks, compileMs };
}

Object.assign(globalThis, { bench });
