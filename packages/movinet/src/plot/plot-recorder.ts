import { shrinkPicture } from "./picture.ts";
import type { Picture, PlotPoint } from "./plot-data.ts";

/** Twice the most that a plot shows, so that thinning still leaves one near every place. */
const maxThumbnails = 40;
const thumbnailPixels = 160;

/** Gathers the points of a plot while a video is classified; memory does not grow with the number of pictures. */
export interface PlotRecorder {
  readonly points: readonly PlotPoint[];
  /** Adds a moment in seconds, later than all before. Copies `scores` and a small version of `picture`. */
  add(time: number, scores: Float32Array, picture: Picture): void;
}

/** A recorder for `renderPlot`: keeps all scores, and small pictures of at most 40 moments spread over the whole video. */
export function createPlotRecorder(): PlotRecorder {
  const points: PlotPoint[] = [];
  let stride = 1;
  return {
    points,
    add(time, scores, picture) {
      if (points.length / stride >= maxThumbnails) {
        stride *= 2;
        for (const [i, point] of points.entries()) {
          if (i % stride !== 0) points[i] = { time: point.time, scores: point.scores };
        }
      }
      const wanted = points.length % stride === 0;
      points.push({
        time,
        scores: scores.slice(),
        ...(wanted && { thumbnail: keepsake(picture) }),
      });
    },
  };
}

/** A copy of a picture whose longer side is at most 160 pixels. */
function keepsake(picture: Picture): Picture {
  const factor = Math.min(1, thumbnailPixels / Math.max(picture.width, picture.height));
  return shrinkPicture(picture, Math.ceil(picture.width * factor), Math.ceil(picture.height * factor));
}
