/** The caption of an annotated video: a name, and how confident the model is. */
import { percent } from "../logic/format.ts";

/** What the caption says from a time on, in seconds. */
export interface Caption {
  readonly from: number;
  readonly label: string;
  /** Probability in 0..1. */
  readonly score: number;
}

type Context = OffscreenCanvasRenderingContext2D;

/** The caption at a time, null before the first. */
export function captionAt(captions: readonly Caption[], time: number): Caption | null {
  return captions.findLast(({ from }) => from <= time) ?? null;
}

/** Text of this share of the picture's shorter side, and the least that can be read. */
const textShare = 0.055;
const leastText = 12;

/** Draws a caption at the bottom left of a picture of this size. */
export function drawCaption(context: Context, { label, score }: Caption, width: number, height: number): void {
  const em = Math.max(leastText, textShare * Math.min(width, height));
  const [margin, padding, bar] = [0.7 * em, 0.6 * em, Math.max(2, 0.22 * em)];
  context.font = `600 ${em}px system-ui, sans-serif`;
  const share = context.measureText(">99 %").width;
  const most = width - 2 * margin - 2 * padding - share - em;
  const name = cut(context, label, most);
  const inner = Math.max(
    context.measureText(name).width + em + share,
    Math.min(9 * em, width - 2 * margin - 2 * padding),
  );
  const [boxWidth, boxHeight] = [inner + 2 * padding, 1.3 * em + bar + 2 * padding];
  const [left, top] = [margin, height - margin - boxHeight];
  context.fillStyle = "rgb(12 14 16 / 0.78)";
  context.beginPath();
  context.roundRect(left, top, boxWidth, boxHeight, 0.4 * em);
  context.fill();
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = "#f4f2ee";
  context.fillText(name, left + padding, top + padding + 0.85 * em);
  context.textAlign = "right";
  context.fillStyle = "#c9cdd1";
  context.font = `400 ${em}px system-ui, sans-serif`;
  context.fillText(`${percent(score)} %`, left + boxWidth - padding, top + padding + 0.85 * em);
  const y = top + boxHeight - padding - bar;
  context.fillStyle = "rgb(255 255 255 / 0.22)";
  context.fillRect(left + padding, y, inner, bar);
  context.fillStyle = "#ff8f52";
  context.fillRect(left + padding, y, inner * score, bar);
}

/** The text, or as much of it as fits with an ellipsis. */
function cut(context: Context, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  const parts = [...text];
  while (parts.length > 1 && context.measureText(`${parts.join("")}…`).width > room) parts.pop();
  return `${parts.join("").trimEnd()}…`;
}
