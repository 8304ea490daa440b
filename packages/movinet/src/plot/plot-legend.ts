/** What the lines of a plot are. Their ends are too often in one place to be named there. */
import type { Box } from "./axes.ts";
import type { ClassLine } from "./class-lines.ts";
import { leading } from "./end-labels.ts";
import { dashes, fill, stroke } from "./palette.ts";
import { element, path, text } from "./svg.ts";
import { pixelWidth, wrapPixels } from "./text-width.ts";

export interface List {
  readonly lines: readonly ClassLine[];
  /** What the probabilities are; null where none are shown. */
  readonly head: string | null;
  /** Whether there are bands of classes without a line. */
  readonly others: boolean;
}

interface DrawnList {
  readonly drawn: string;
  readonly bottom: number;
}

/**
 * The lines as a list: a sample, the probability at the end, the name in up to three lines as far as there is room above the box's
 * bottom, and the peak. Returns where it ends.
 */
export function drawList(list: List, box: Box, fontSize: number): DrawnList {
  const drawn = [3, 2].map((most) => drawRows(list, box, fontSize, most)).find(({ bottom }) => bottom <= box.bottom);
  return drawn ?? drawRows(list, box, fontSize, 1);
}

function drawRows({ lines, head, others }: List, { left, right, top }: Box, fontSize: number, most: number): DrawnList {
  const pitch = leading * fontSize;
  const sample = 2.2 * fontSize;
  const numbers = Math.max(0, ...lines.map(({ final }) => (final === null ? 0 : pixelWidth(final, fontSize))));
  const number = left + sample + 0.8 * fontSize + numbers;
  const name = numbers === 0 ? left + sample + 0.8 * fontSize : number + 0.7 * fontSize;
  const drawn: string[] = [];
  let y = top + fontSize;
  if (head !== null) {
    drawn.push(text(head, { x: left + sample + 0.8 * fontSize, y, size: fontSize, tone: "faint" }));
    y += 1.6 * fontSize;
  }
  for (const [i, { label, final, peak }] of lines.entries()) {
    const bold = i === 0 && final !== null;
    const middle = y - 0.35 * fontSize;
    const look = { ...stroke(`series${i}`), "stroke-width": 3.5, "stroke-dasharray": dashes[i] || undefined };
    const ends = [
      [left, middle],
      [left + sample, middle],
    ] as const;
    drawn.push(path(ends, look));
    if (final !== null) drawn.push(text(final, { x: number, y, size: fontSize, bold, anchor: "end" }));
    const width = pixelWidth(label, fontSize, bold);
    for (const content of wrapPixels(label, fontSize, right - name, most, bold)) {
      drawn.push(text(content, { x: name, y, size: fontSize, bold }));
      y += pitch;
    }
    if (peak !== null) {
      const beside = name + width + fontSize + pixelWidth(peak, fontSize) <= right;
      if (beside) y -= pitch;
      const look = { size: fontSize, tone: "faint" } as const;
      drawn.push(text(peak, beside ? { ...look, x: right, y, anchor: "end" } : { ...look, x: name, y }));
      y += pitch;
    }
    y += 0.35 * fontSize;
  }
  if (others) {
    const swatch = { x: left, y: y - 0.75 * fontSize, width: sample };
    drawn.push(element("rect", { ...swatch, height: 0.8 * fontSize, ...fill("card") }));
    drawn.push(element("rect", { ...swatch, y: y - 0.1 * fontSize, height: 3, ...fill("faint") }));
    drawn.push(text("other classes", { x: name, y, size: fontSize }));
    y += pitch + 0.35 * fontSize;
  }
  return { drawn: drawn.join(""), bottom: y - pitch };
}
