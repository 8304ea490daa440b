/** Names of lines beside their ends, which stand in each other's way less than a legend in the reader's. */
import { clamp } from "./axes.ts";
import { stroke, type Tone } from "./palette.ts";
import { path, text } from "./svg.ts";

export interface EndLabel {
  /** Lines of text, the first at the height of the line's end where there is room. */
  readonly lines: readonly { readonly text: string; readonly bold?: boolean; readonly tone?: Tone }[];
  readonly tone: Tone;
  /** Where the line ends. */
  readonly y: number;
}

interface Room {
  /** Where the lines end, and where their labels begin. */
  readonly x: number;
  readonly textX: number;
  readonly top: number;
  readonly bottom: number;
  readonly fontSize: number;
}

/** The height of one line of text over its font size. */
export const leading = 1.3;

/** Draws labels from top to bottom in the order of their lines' ends, apart from each other, each joined with its line. */
export function drawEndLabels(labels: readonly EndLabel[], { x, textX, top, bottom, fontSize }: Room): string {
  const pitch = leading * fontSize;
  const ordered = labels.toSorted((a, b) => a.y - b.y);
  const heights = ordered.map(({ lines }) => lines.length * pitch);
  const tops = spread(
    ordered.map(({ y }) => y - pitch / 2),
    heights,
    top,
    bottom,
    0.25 * fontSize,
  );
  const drawn = ordered.map(({ lines, tone, y }, i) => {
    const at = tops[i] as number;
    const joint = path(
      [
        [x + 3, y],
        [textX - 0.35 * fontSize, at + pitch / 2],
      ],
      { ...stroke(tone), "stroke-width": 1 },
    );
    const texts = lines.map((line, n) =>
      text(line.text, {
        x: textX,
        y: at + n * pitch + 0.5 * pitch + 0.35 * fontSize,
        size: fontSize,
        tone: line.tone ?? tone,
        bold: line.bold ?? false,
      }),
    );
    return joint + texts.join("");
  });
  return drawn.join("");
}

/**
 * Places things of these heights as near as may be to where they want to be (in order), at least `gap` apart and within
 * `low … high`; what does not fit in all runs over `high`.
 */
export function spread(
  wanted: readonly number[],
  heights: readonly number[],
  low: number,
  high: number,
  gap: number,
): number[] {
  const placed: number[] = [];
  let free = low;
  for (const [i, at] of wanted.entries()) {
    placed.push(clamp(at, free, Infinity));
    free = (placed[i] as number) + (heights[i] as number) + gap;
  }
  let ceiling = high;
  for (let i = placed.length - 1; i >= 0; i--) {
    const most = ceiling - (heights[i] as number);
    if ((placed[i] as number) <= most) break;
    placed[i] = most;
    ceiling = most - gap;
  }
  const over = low - (placed[0] ?? low);
  return over > 0 ? placed.map((at) => at + over) : placed;
}
