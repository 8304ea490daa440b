/** The strip of pictures below a plot. */
import type { Picture } from "../video/frame.ts";
import { chooseThumbnails, shrinkPicture } from "./plot-data.ts";
import { type Plot, planStrip, type ThumbnailStrip } from "./plot-picture.ts";

/** Of all pictures of the strip together, so that the SVG stays below 300 kB whatever they show. */
const maxStripPixels = 55_000;

/** Chooses and shrinks the pictures of a plot's strip. `urlOf` makes a data URL of each. */
export async function buildStrip(
  { points, shape = "portrait", aspect: shownAspect }: Plot,
  urlOf: (picture: Picture) => string | Promise<string>,
): Promise<ThumbnailStrip> {
  const first = points.find(({ thumbnail }) => thumbnail)?.thumbnail;
  if (!first) return { urls: [], width: 0, height: 0 };
  const aspect = shownAspect ?? first.width / first.height;
  const { count, ...size } = planStrip(shape, aspect, points.length);
  const zoom = Math.min(2, Math.sqrt(maxStripPixels / (count * size.width * size.height)));
  const pictures = chooseThumbnails(points, count).map((picture) =>
    shrinkPicture(picture, Math.floor(size.width * zoom), Math.floor(size.height * zoom)),
  );
  return { urls: await Promise.all(pictures.map(urlOf)), ...size };
}
