import { randomOf } from "../common/random.ts";
import { type CameraMotionLabel, planCamera } from "./camera.ts";
import { planCodec } from "./compress.ts";
import { type Exposure, meter, planLens } from "./lens.ts";
import { openScene, planOverlay, planScene, type Scene } from "./scene.ts";

export interface CameraMotionClip {
  readonly label: CameraMotionLabel;
  /** The seed of everything else: the same seed with another label has the same scene, lens and codec. */
  readonly seed: number | string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly frames: number;
  /** Frames per second. */
  readonly fps: number;
  /**
   * Width / height of the picture before it was squeezed to this size. Default: drawn between 9:16 and 16:9, because
   * models see squashed pictures; for videos to watch, pass width / height.
   */
  readonly aspect?: number;
  /** Whether some clips pass through a coarse codec. Default true; not needed for a video that is encoded anyway. */
  readonly compress?: boolean;
  /** A scene from {@link planScene} for this size, which takes half of the time. Default: that of the seed. */
  readonly scene?: Scene;
}

/**
 * Renders a clip of a moving camera: RGB bytes, `[frames, height, width, 3]`. Bit-identical for the same arguments.
 * Borders of the scene never show, and no single picture reveals the label (tests check both).
 *
 * `camera-motion` sees 16 frames of 96 × 96 at 10 fps. The slowest pan, 0.05 picture widths per second, is then half a
 * pixel per frame and 8 in total; the fastest, 0.8, is 8 per frame, which a few layers of a network span; and shaking
 * up to 5 Hz, most of it, is below the Nyquist rate. More pixels cost in proportion and show nothing new.
 */
export function renderCameraMotion(clip: CameraMotionClip): Uint8Array {
  const size = clip.width * clip.height * 3;
  let data = new Uint8Array();
  let at = 0;
  for (const frame of cameraMotionFrames(clip)) {
    if (at === 0) data = new Uint8Array(clip.frames * size);
    data.set(frame, at);
    at += size;
  }
  return data;
}

/** The frames of {@link renderCameraMotion} one by one, `[height, width, 3]`. */
export function* cameraMotionFrames(clip: CameraMotionClip): Generator<Uint8Array, void> {
  const { label, seed, width, height, frames, fps, compress = true } = clip;
  for (const [name, count] of Object.entries({ width, height, frames })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new TypeError(`${name} must be an integer ≥ 1, got ${count}`);
    }
  }
  if (!(fps > 0 && Number.isFinite(fps))) throw new TypeError(`fps must be above 0, got ${fps}`);
  const random = randomOf(seed, "clip");
  const aspect = clip.aspect ?? random.pick([1, 1, 4 / 3, 16 / 9, 16 / 9, 3 / 4, 9 / 16]);
  const times = sampleTimes(frames, fps, random.pick([0, 12.5, 15, 20, 24, 25, 30, 30, 50, 60]), random.next());
  const camera = planCamera(label, seed, Math.max(frames - 1, 1) / fps, aspect);
  const scene = clip.scene ?? planScene(seed, Math.max(width, height));
  const draw = openScene(scene, camera, times);
  const lens = planLens(seed, width, height, meterScene(scene, clip.seed, aspect));
  const overlay = planOverlay(seed, width, height);
  const codec = compress ? planCodec(seed, width, height) : null;
  const picture = { width, height, pixels: new Int32Array(width * height) };
  for (const [frame, time] of times.entries()) {
    const out = new Uint8Array(width * height * 3);
    draw(picture, frame, lens.defocus(time));
    lens.expose(picture, time, out);
    if (overlay) cover(out, overlay);
    codec?.(out);
    yield out;
  }
}

/** Meters the first view of a still camera: the same for every label. */
function meterScene(scene: Scene, seed: number | string, aspect: number): Exposure {
  const side = 32;
  const picture = { width: side, height: side, pixels: new Int32Array(side * side) };
  openScene(scene, planCamera("still", seed, 1, aspect), [0])(picture, 0, 0);
  return meter(picture);
}

/**
 * The capture times of the frames: a video at another frame rate (`rate`; 0: the same) shows the last picture before
 * each moment, so that steps are uneven.
 */
function sampleTimes(frames: number, fps: number, rate: number, phase: number): number[] {
  const grid = rate > fps ? rate : 0;
  return Array.from({ length: frames }, (_, i) => {
    const time = i / fps;
    return grid === 0 ? time : Math.max(0, (Math.floor(time * grid + phase) - phase) / grid);
  });
}

/** Draws static overlays on a frame. */
function cover(frame: Uint8Array, overlay: Int32Array): void {
  for (let i = 0; i < overlay.length; i++) {
    const color = overlay[i]!;
    if (color === 0) continue;
    frame[3 * i] = color & 255;
    frame[3 * i + 1] = (color >>> 8) & 255;
    frame[3 * i + 2] = (color >>> 16) & 255;
  }
}
