/** Where things are on the timeline. */

/** Round steps between the times below the timeline, in seconds. */
const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Round times for labels, as many as have room in so many pixels. */
export function ticks(duration: number, width: number): readonly number[] {
  const most = Math.max(1, Math.floor(width / 72));
  const step = steps.find((candidate) => duration / candidate <= most) ?? 7200;
  return Array.from({ length: Math.floor(duration / step + 1e-6) + 1 }, (_, i) => i * step);
}

/** Seconds as on a clock, as short as the clip lets them be: `4 s`, `1:30`, `1:02:03`. */
export function tickText(seconds: number, duration: number): string {
  if (duration < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (duration < 3600) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Where a key moves the playhead to, in seconds; null: it is none of the timeline's keys. */
export function keyTarget(
  key: string,
  at: number,
  { duration, step, starts }: { readonly duration: number; readonly step: number; readonly starts: readonly number[] },
): number | null {
  const close = 1e-3;
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return Math.min(duration, at + step);
    case "ArrowLeft":
    case "ArrowDown":
      return Math.max(0, at - step);
    case "Home":
      return 0;
    case "End":
      return duration;
    case "PageDown":
      return starts.find((start) => start > at + close) ?? duration;
    case "PageUp":
      return starts.findLast((start) => start < at - close) ?? 0;
    default:
      return null;
  }
}

/** Percent of the way, for styles. */
export const percentOf = (time: number, duration: number) =>
  `${(100 * Math.min(1, Math.max(0, duration > 0 ? time / duration : 0))).toFixed(3)}%`;

/** Seconds left at a speed, in words. */
export function leftText(duration: number, reached: number, speed: number): string {
  const seconds = Math.ceil((duration - reached) / speed);
  if (!(seconds > 0)) return "almost done";
  return seconds < 60 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}
