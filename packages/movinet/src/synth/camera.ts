import { type Random, randomOf } from "../common/random.ts";

/** Seconds. */
type Seconds = number;

/**
 * The camera's view of a scene that repeats with period 1 in both directions. The point (x, y) of the picture, in
 * −½..½ of its width and height, shows the scene at (u, v) + R(angle) · (x · width, y · height).
 */
export interface Pose {
  /** Centre of the view. */
  readonly u: number;
  readonly v: number;
  /** Radians; positive if the camera turned clockwise. */
  readonly angle: number;
  /** Size of the view in the scene. */
  readonly width: number;
  readonly height: number;
}

/** A layer's response to the camera: near things move more. */
export interface Depth {
  /** Its motion relative to the farthest layer. */
  readonly shift: number;
  /** Its growth when zooming, likewise; 1 for a lens. */
  readonly growth: number;
}

export const farthest: Depth = { shift: 1, growth: 1 };

/** The motion of a camera over a clip. */
export interface CameraPath {
  /** Poses at these non-decreasing times, for a layer at this depth. */
  poses(times: readonly Seconds[], depth?: Depth): Pose[];
}

/** Bounds of the geometric mean of a view's sides, in periods of the scene: no diagonal sees the scene repeat. */
const view = { least: 0.16, most: 0.62 };
/** Speeds, barely visible to fast: picture sides, e-folds and radians per second. */
const speeds = { pan: [0.05, 0.8], zoom: [0.1, 0.8], roll: [0.11, 1.9] } as const;
/** Minimum and maximum motion of a clip, in the same units. */
const least = { pan: 0.08, zoom: 0.14, roll: 0.16 };
const mostZoom = 1.05;
const stepsPerSecond = 120;

/**
 * Plans the camera of a clip. Everything that a single picture could reveal (position, zoom, rotation) has the same
 * distribution for every label: zoom and roll paths are drawn for each seed; labels that do not follow them stay at a
 * random moment of the path.
 */
export function planCamera(
  label: CameraMotionLabel,
  seed: number | string,
  seconds: Seconds,
  aspect: number,
): CameraPath {
  const random = randomOf(seed, "camera");
  const profile = drawProfile(random, seconds);
  const travel = profile(seconds);
  /** Speed when the profile is 1: log-uniform, and fast enough to be visible. */
  const speedOf = (kind: "pan" | "zoom" | "roll") => {
    const [low, high] = speeds[kind];
    return Math.max(logBetween(random, low, high), (least[kind] * random.between(1, 1.5)) / travel);
  };
  const pan = speedOf("pan");
  const zoom = Math.min(speedOf("zoom"), mostZoom / travel);
  const roll = speedOf("roll");
  const heldFor = { zoom: random.next() * seconds, roll: random.next() * seconds };
  const turned = random.chance(0.5) ? random.between(-Math.PI, Math.PI) : random.normal() * 0.2;
  const home = { u: random.next(), v: random.next(), size: random.next() };
  const room = Math.log(view.most / view.least) - zoom * travel;
  /** The amount of other motions in a motion, and the centre of its zoom or roll, near the middle. */
  const [strayX, strayY, strayZoom, strayRoll, aboutX, aboutY] = [0.1, 0.1, 0.12, 0.12, 0.12, 0.12].map(
    (most) => most * limited(random),
  ) as [number, number, number, number, number, number];
  const hand = random.chance(0.35) ? 0 : random.between(0.0005, 0.006);
  const handX = drawTremble(random, 0.4, 3);
  const handY = drawTremble(random, 0.4, 3);
  const handRoll = drawTremble(random, 0.3, 2);
  const shaken = drawShake(random, seconds);

  const signs = signsOf(label, random);
  const zooms = label === "zoom in" || label === "zoom out";
  const rolls = label === "roll clockwise" || label === "roll anticlockwise";
  const pans = signs.x !== 0 || signs.y !== 0;
  const steady = label === "still" ? 0.5 : label === "shake" ? 0 : 1;
  /** Mean speed of the picture's points, in picture sides per second. */
  const flow = pans ? pan : zooms ? 0.38 * zoom : rolls ? 0.38 * roll : 0;

  /** The motion from the operator's view at a moment: shifts in picture sides, enlargement in e-folds, angle. */
  const at = (time: Seconds) => {
    const along = profile(time);
    const aside = flow * along;
    const tremble = hand * steady;
    const zoomed = zoom * (profile(zooms ? time : heldFor.zoom) - travel / 2) * signs.zoom;
    const rolled = roll * (profile(rolls ? time : heldFor.roll) - travel / 2) * signs.roll;
    const shake = label === "shake" ? shaken(time) : { x: 0, y: 0, roll: 0, zoom: 0 };
    return {
      x: (signs.x === 0 ? strayX * aside : signs.x * pan * along) + tremble * handX(time) + shake.x,
      y: (signs.y === 0 ? strayY * aside : signs.y * pan * along) + tremble * handY(time) + shake.y,
      enlarged: zoomed + (zooms ? 0 : strayZoom * aside) + shake.zoom,
      angle: rolled + (rolls ? 0 : strayRoll * aside) + tremble * handRoll(time) + shake.roll,
    };
  };
  const farthestView = Math.log(view.most) - zoom * travel * 0.5 - home.size * Math.max(0, room);

  return {
    poses(times, { shift, growth } = farthest) {
      let now = at(times[0] ?? 0);
      let { u, v } = home;
      u += shift * 0.37;
      v += growth * 0.61;
      let clock = times[0] ?? 0;
      const sizeOf = (enlarged: number) => Math.exp(farthestView - growth * enlarged);
      return times.map((time) => {
        const steps = Math.max(1, Math.ceil((time - clock) * stepsPerSecond));
        for (let step = 1; step <= steps && time > clock; step++) {
          const next = at(clock + ((time - clock) * step) / steps);
          const size = sizeOf((now.enlarged + next.enlarged) / 2);
          const angle = turned + (now.angle + next.angle) / 2;
          const grown = growth * (next.enlarged - now.enlarged);
          const turn = next.angle - now.angle;
          const dx = (shift * (next.x - now.x) + grown * aboutX) * aspect ** 0.5 + turn * aboutY * aspect ** -0.5;
          const dy = (shift * (next.y - now.y) + grown * aboutY) * aspect ** -0.5 - turn * aboutX * aspect ** 0.5;
          u += size * (dx * Math.cos(angle) - dy * Math.sin(angle));
          v += size * (dx * Math.sin(angle) + dy * Math.cos(angle));
          now = next;
        }
        clock = time;
        const size = sizeOf(now.enlarged);
        return { u, v, angle: turned + now.angle, width: size * aspect ** 0.5, height: size * aspect ** -0.5 };
      });
    },
  };
}

/** Signs of the camera's motion; for zoom and roll also if they only determine the moment at which it stays. */
function signsOf(label: CameraMotionLabel, random: Random) {
  const either = () => (random.chance(0.5) ? 1 : -1);
  const zoom = either();
  const roll = either();
  return {
    x: label === "pan right" ? 1 : label === "pan left" ? -1 : 0,
    y: label === "tilt down" ? 1 : label === "tilt up" ? -1 : 0,
    zoom: label === "zoom in" ? 1 : label === "zoom out" ? -1 : zoom,
    roll: label === "roll clockwise" ? 1 : label === "roll anticlockwise" ? -1 : roll,
  };
}

function logBetween(random: Random, low: number, high: number): number {
  return Math.exp(random.between(Math.log(low), Math.log(high)));
}

/** Normal, truncated at 1.5. */
function limited(random: Random): number {
  return Math.max(-1.5, Math.min(1.5, random.normal()));
}

/**
 * The progress of a motion: the integral, in seconds, of a speed in 0..1. It is constant, starts late, stops early,
 * accelerates, brakes, eases in and out, or comes in surges.
 */
function drawProfile(random: Random, seconds: Seconds): (time: Seconds) => number {
  const kind = random.below(7);
  const from = kind === 1 || kind === 6 ? random.between(0.05, 0.35) : 0;
  const to = kind === 2 ? random.between(0.65, 0.95) : 1;
  const soft = random.between(0.03, 0.3);
  const surge = { deep: random.between(0.2, 0.5), waves: random.between(0.7, 2.5), phase: random.next() };
  const speed = (part: number) => {
    if (part < from || part > to) return 0;
    if (kind === 3) return 0.25 + 0.75 * part;
    if (kind === 4) return 1 - 0.75 * part;
    if (kind === 5) return 1 - surge.deep * (1 + Math.cos(2 * Math.PI * (surge.waves * part + surge.phase)));
    const ramp = Math.min((part - from) / soft, kind === 0 ? 1 : (to - part) / soft, 1);
    return kind === 0 && from === 0 ? 1 : ramp * ramp * (3 - 2 * ramp);
  };
  const steps = 256;
  const sums = new Float64Array(steps + 1);
  for (let i = 0; i < steps; i++) sums[i + 1] = sums[i]! + (speed((i + 0.5) / steps) * seconds) / steps;
  return (time) => {
    const place = Math.min(Math.max(time / seconds, 0), 1) * steps;
    const i = Math.min(Math.floor(place), steps - 1);
    return sums[i]! + (place - i) * (sums[i + 1]! - sums[i]!);
  };
}

/** A hand's slow tremble: three waves between these frequencies (Hz), root mean square about 1. */
function drawTremble(random: Random, low: number, high: number): (time: Seconds) => number {
  const waves = Array.from({ length: 3 }, () => ({
    turns: 2 * Math.PI * logBetween(random, low, high),
    phase: 2 * Math.PI * random.next(),
    size: random.between(0.5, 1.1),
  }));
  return (time) => waves.reduce((sum, { turns, phase, size }) => sum + size * Math.sin(turns * time + phase), 0);
}

/** Shaking: fast waves in a changing direction, constant or in bursts. */
function drawShake(random: Random, seconds: Seconds) {
  const strength = logBetween(random, 0.012, 0.055);
  const low = random.between(2, 4.5);
  const high = low + random.between(0.5, 4);
  const axis = random.between(0, Math.PI);
  const round = random.between(0, 0.9);
  const draw = () => drawTremble(random, low, high);
  const [along, across, turn, near] = [draw(), draw(), draw(), draw()];
  const turning = random.chance(0.6) ? random.between(0, 1) : 0;
  const nearing = random.chance(0.3) ? random.between(0, 0.5) : 0;
  const burst = random.chance(0.5) ? random.between(0.3, 0.8) : 0;
  const bursts = random.between(0.7, 1.8) / seconds;
  const phase = random.next();
  return (time: Seconds) => {
    const now = strength * (1 - burst * (0.5 + 0.5 * Math.cos(2 * Math.PI * (bursts * time + phase))));
    const a = now * along(time);
    const b = now * round * across(time);
    return {
      x: a * Math.cos(axis) - b * Math.sin(axis),
      y: a * Math.sin(axis) + b * Math.cos(axis),
      roll: now * turning * turn(time),
      zoom: now * nearing * near(time),
    };
  };
}

/**
 * The classes of `camera-motion`, in the order of the model's outputs. They describe the CAMERA, as the person holding
 * it would; the scene moves in the opposite direction (see `docs/camera-motion.svg`):
 *
 * - `pan left`, `pan right`: it turns or moves to that side. Pan right: the scene moves left.
 * - `tilt up`, `tilt down`: it turns or moves up or down. Tilt up: the scene moves down.
 * - `zoom in`, `zoom out`: the scene grows or shrinks, by the lens or by walking.
 * - `roll clockwise`, `roll anticlockwise`: it turns around its line of sight, as seen from behind it. Roll clockwise:
 *   the scene turns anticlockwise.
 * - `shake`: it is shaken quickly around a fixed view.
 * - `still`: it stays, whatever moves in front of it; the tremble of a steady hand is allowed.
 */
export const cameraMotionLabels = [
  "pan left",
  "pan right",
  "tilt up",
  "tilt down",
  "zoom in",
  "zoom out",
  "roll clockwise",
  "roll anticlockwise",
  "shake",
  "still",
] as const;

export type CameraMotionLabel = (typeof cameraMotionLabels)[number];
