import type { Random } from "../common/random.ts";

/** The number of frames of a video, or of a wanted clip, and their rate per second. */
interface Timing {
  readonly frames: number;
  readonly fps: number;
}

/**
 * Frame indices (0 .. `video.frames` − 1) of a random clip. Its frames are `speed · video.fps / wanted.fps` apart,
 * with `speed` between `low` and `high`, log-uniform (above 1: faster). It starts anywhere it fits, or anywhere in a
 * video that is too short, which is then repeated. With integer strides this is the official pipeline (spec §5.3; its
 * random stride of 4 or 5 where 5 is usual means a speed of 0.8 or 1); a time between two frames gives the earlier
 * one. Throws a `TypeError` for a video without frames or invalid numbers.
 */
export function randomClipTimes(
  video: Timing,
  wanted: Timing,
  random: Random,
  [low, high]: readonly [low: number, high: number] = [1, 1],
): Int32Array {
  check(video, wanted);
  if (!(low > 0 && high >= low)) throw new TypeError(`speed must be a range above 0, got [${low}, ${high}]`);
  const speed = low * (high / low) ** random.next();
  const stride = (speed * video.fps) / wanted.fps;
  const room = video.frames - (wanted.frames - 1) * stride;
  return times(video, wanted, stride, random.between(0, room > 0 ? room : video.frames));
}

/** Frame indices of the clip in the middle, as in the official evaluation (spec §5.3); short videos repeat. */
export function middleClipTimes(video: Timing, wanted: Timing): Int32Array {
  check(video, wanted);
  const stride = video.fps / wanted.fps;
  const offset = Math.max(0, Math.floor((video.frames - wanted.frames * stride) / 2));
  return times(video, wanted, stride, offset + epsilon);
}

/** A step that should reach a frame must not miss it by a rounding error. */
const epsilon = 1e-9;

function times(video: Timing, wanted: Timing, stride: number, offset: number): Int32Array {
  return Int32Array.from({ length: wanted.frames }, (_, k) => Math.floor(offset + k * stride) % video.frames);
}

function check(video: Timing, wanted: Timing): void {
  for (const [name, value] of Object.entries({ "video.frames": video.frames, "wanted.frames": wanted.frames })) {
    if (!(Number.isInteger(value) && value > 0)) throw new TypeError(`${name} must be an integer ≥ 0, got ${value}`);
  }
  if (!(video.fps > 0 && wanted.fps > 0))
    throw new TypeError(`fps must be above 0, got ${video.fps} and ${wanted.fps}`);
}
