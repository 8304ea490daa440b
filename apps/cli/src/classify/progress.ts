import { basename } from "node:path";
import type { Run } from "./one.ts";

/** How a run goes: within the file where there is one, else in files. */
export interface RunProgress {
  readonly frame: (frames: number, expected: number | null, seconds: number) => void;
  /** Called before results are printed. */
  pause(): void;
  /** Called after each source. */
  done(failed: number): void;
  stop(): void;
}

export function openRunProgress(sources: readonly string[], { terminal }: Pick<Run, "terminal">): RunProgress {
  const [only] = sources;
  if (sources.length <= 1) {
    const progress = terminal.progress(basename(only ?? ""));
    return {
      frame: (frames, expected, seconds) => progress.update(frames, expected, `${seconds.toFixed(1)} s`),
      pause: () => progress.stop(),
      done() {},
      stop: () => progress.stop(),
    };
  }
  const progress = terminal.progress("files");
  const started = performance.now();
  let files = 0;
  let frames = 0;
  let failed = 0;
  const show = () => {
    const seconds = (performance.now() - started) / 1000;
    const left = files === 0 ? "" : `, ${clock((seconds / files) * (sources.length - files))} left`;
    const failures = failed > 0 ? `, ${failed} failed` : "";
    progress.update(
      files,
      sources.length,
      `${files}/${sources.length}, ${(frames / seconds).toFixed(0)} fps${left}${failures}`,
    );
  };
  return {
    frame() {
      frames++;
      show();
    },
    pause() {},
    done(count) {
      files++;
      failed = count;
      show();
    },
    stop: () => progress.stop(),
  };
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return whole < 3600 ? parts.join(":") : `${Math.floor(whole / 3600)}:${parts.join(":")}`;
}
