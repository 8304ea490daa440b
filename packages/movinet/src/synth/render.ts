import { randomOf } from "../common/random.ts";
import { type CameraMotionLabel, planCamera } from "./camera.ts";
import { planCodec } from "./compress.ts";
import { type Exposure, meter, planLens } from "./lens.ts";
import { openScene, planOverlay, planScene, type Scene } from "./scene.ts";

export interface CameraMotionClip {
  readonly label: CameraMotionLabel;
  /** Decides everything else: the same seed with another label has the same scene, lens and codec. */
  readonly seed: number | string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  readonly frames: number;
  /** Frames a second. */
  readonly fps: number;
  /**
   * Width / height of the picture as it was taken, before it was squeezed into this size. Default: drawn between 9:16 and
   * 16:9, as models see pictures squashed; a video that is to be looked at takes width / height.
   */
  readonly aspect?: number;
  /** Whether some clips pass through a coarse codec. Default true; a video that is encoded anyway needs none. */
  readonly compress?: boolean;
  /** A scene that {@link planScene} painted for this size, which takes half of the time. Default: that of the seed. */
  readonly scene?: Scene;
}

/**
 * Renders a clip of a camera in motion: RGB bytes, `[frames, height, width, 3]`. Bit-equal for the same arguments. Borders of
 * the scene never show, and no single picture tells the label (a test holds both).
 *
 * `camera-motion` sees 16 frames of 96 × 96 at 10 a second. The slowest pan, 0.05 picture widths a second, is then half a
 * pixel a frame and 8 in all; the fastest, 0.8, is 8 a frame, which a few layers of a network span; and shaking up to
 * 5 Hz, most of it, is below the Nyquist rate. More pixels cost in proportion and show nothing new.
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
      throw new TypeError(`${name} must be a whole number of at least 1, got ${count}`);
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

/** Meters what a camera that stays would see first: the same for every label. */
function meterScene(scene: Scene, seed: number | string, aspect: number): Exposure {
  const side = 32;
  const picture = { width: side, height: side, pixels: new Int32Array(side * side) };
  openScene(scene, planCamera("still", seed, 1, aspect), [0])(picture, 0, 0);
  return meter(picture);
}

/**
 * When the frames were taken: a video of another frame rate (`rate`; 0: the same) gives each moment the last picture before
 * it, so that steps are uneven.
 */
function sampleTimes(frames: number, fps: number, rate: number, phase: number): number[] {
  const grid = rate > fps ? rate : 0;
  return Array.from({ length: frames }, (_, i) => {
    const time = i / fps;
    return grid === 0 ? time : Math.max(0, (Math.floor(time * grid + phase) - phase) / grid);
  });
}

/** Puts what does not move over a frame. */
function cover(frame: Uint8Array, overlay: Int32Array): void {
  for (let i = 0; i < overlay.length; i++) {
    const color = overlay[i]!;
    if (color === 0) continue;
    frame[3 * i] = color & 255;
    frame[3 * i + 1] = (color >>> 8) & 255;
    frame[3 * i + 2] = (color >>> 16) & 255;
  }
}
