/** The part of the last seconds that the curve shows. */
export interface View {
  /** Seconds from its left edge to its right one. */
  readonly span: number;
  /** Time of its right edge, in seconds; null: the newest moment, which moves. */
  readonly end: number | null;
}

/** Seconds that the curve shows at most. */
export const curveSeconds = 30;
export const shortestSpan = 2;
/** Everything, following the newest moment. */
export const wholeView: View = { span: curveSeconds, end: null };

/** The times of its edges. What is too old moves out of it; a part is never before the first moment. */
export function edgesOf({ span, end }: View, now: number): readonly [from: number, to: number] {
  const to = Math.min(now, Math.max(end ?? now, Math.max(0, now - curveSeconds) + span));
  return [to - span, to];
}

/** Magnified by the factor. The point at this share of the width, 0 to 1, stays where it is. */
export function zoomedView(view: View, now: number, factor: number, share: number): View {
  const [from, to] = edgesOf(view, now);
  const span = Math.min(curveSeconds, Math.max(shortestSpan, view.span / factor));
  return settled(span, from + share * (to - from) + (1 - share) * span, now);
}

/** Moved by seconds, to the future where they are positive. */
export function movedView(view: View, now: number, seconds: number): View {
  return settled(view.span, edgesOf(view, now)[1] + seconds, now);
}

/** Whoever comes to the newest moment follows it. */
function settled(span: number, to: number, now: number): View {
  const [, end] = edgesOf({ span, end: to }, now);
  return { span, end: now - end < 0.01 ? null : end };
}

/** Where the axis is marked: the times, and the seconds between them. */
export function marksOf(view: View, now: number): readonly number[] {
  const step = [1, 2, 5, 10].find((seconds) => view.span / seconds <= 5) ?? 10;
  const [from, to] = edgesOf(view, now);
  const last = view.end === null ? to : Math.floor(to / step) * step;
  const count = Math.floor((last - from) / step + 1e-6) + 1;
  return Array.from({ length: count }, (_, i) => last - (count - 1 - i) * step);
}
