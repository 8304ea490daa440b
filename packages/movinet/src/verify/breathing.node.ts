import { breathe } from "../common/process.node.ts";
import type { Runner } from "./runner.ts";

/** A runner that hears of an abort before each clip: LiteRT.js computes without ever waiting. */
export function breathing(runner: Runner, signal: AbortSignal | undefined): Runner {
  return {
    ...runner,
    async logits(clip) {
      await breathe(signal);
      return runner.logits(clip, signal);
    },
  };
}
