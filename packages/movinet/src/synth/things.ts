import { type Random, randomOf } from "../common/random.ts";
import type { Pose } from "./camera.ts";
import { drawThing, type Picture } from "./draw.ts";
import { paintMaterial } from "./materials.ts";
import { type Texture, toTexture } from "./texture.ts";

/** An independently moving thing in front of the camera. */
export interface Thing {
  readonly texture: Texture;
  /**
   * Fixed to the scene, it passes by as the camera moves; fixed to the picture, the camera follows it, or it is on the
   * lens.
   */
  readonly anchor: "scene" | "picture";
  /** At time 0: periods of the scene, or picture sides, of which 1.6 are a period. */
  readonly x: number;
  readonly y: number;
  readonly speedX: number;
  readonly speedY: number;
  /** An added oscillation, in the same units, and its frequency per second. */
  readonly swingX: number;
  readonly swingY: number;
  readonly rate: number;
  /** Size in the same units, its pulsation, and rotations per second. */
  readonly width: number;
  readonly height: number;
  readonly pulse: number;
  readonly spin: number;
  readonly angle: number;
}

const wrap = 1.6;
/** Sizes and speeds in picture sides, as periods of the scene. */
const typicalView = 0.32;

/** Things of a scene: none, a few that the camera follows, or many that stand around and walk. */
export function planThings(seed: number | string, detail: number): Thing[] {
  const random = randomOf(seed, "things");
  const followed = random.chance(0.35) ? 1 + random.below(2) : 0;
  const around = random.chance(0.55) ? 4 + random.below(14) : 0;
  const textures = Array.from({ length: Math.min(3, followed + around) }, () => paintThing(random, detail));
  const draw = (anchor: Thing["anchor"], unit: number): Thing => {
    const walks = random.chance(0.75);
    const speed = unit * Math.exp(random.between(Math.log(0.04), Math.log(0.7)));
    const way = random.between(-Math.PI, Math.PI);
    const swings = random.chance(0.35) ? unit * random.between(0.02, 0.15) : 0;
    const across = random.between(-Math.PI, Math.PI);
    const size = unit * Math.exp(random.between(Math.log(0.1), Math.log(anchor === "scene" ? 0.42 : 0.5)));
    return {
      texture: random.pick(textures),
      anchor,
      x: anchor === "scene" ? random.next() : 0.3 * random.normal(),
      y: anchor === "scene" ? random.next() : 0.3 * random.normal(),
      speedX: walks ? speed * Math.cos(way) : 0,
      speedY: walks ? speed * Math.sin(way) : 0,
      swingX: swings * Math.cos(across),
      swingY: swings * Math.sin(across),
      rate: random.between(0.4, 3),
      width: size * random.between(0.6, 1.2),
      height: size * random.between(0.8, 1.7),
      pulse: random.chance(0.25) ? random.between(0.05, 0.3) : 0,
      spin: random.chance(0.25) ? random.between(-0.5, 0.5) : 0,
      angle: random.chance(0.5) ? 0 : random.between(-Math.PI, Math.PI),
    };
  };
  return [
    ...Array.from({ length: around }, () => draw("scene", typicalView)),
    ...Array.from({ length: followed }, () => draw("picture", 1)),
  ];
}

/** A patch of material with its own outline: a body of one or two ellipses, a box, or a blob. */
function paintThing(random: Random, size: number): Texture {
  const canvas = paintMaterial(random, size);
  const kind = random.below(4);
  const wobble = [2, 3, 4, 5].map((waves) => ({ waves, size: random.between(0, 0.12), phase: random.between(0, 6.3) }));
  const corners = random.between(2.5, 8);
  const edge = size / 24;
  const { data } = canvas;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const a = (2 * (x + 0.5)) / size - 1;
      const b = (2 * (y + 0.5)) / size - 1;
      let inside: number;
      if (kind === 0) inside = 0.9 - (Math.abs(a) ** corners + Math.abs(b) ** corners) ** (1 / corners);
      else if (kind === 1) {
        const way = Math.atan2(b, a);
        const radius = wobble.reduce((sum, w) => sum + w.size * Math.sin(w.waves * way + w.phase), 0.66);
        inside = radius - Math.hypot(a, b);
      } else {
        const head = 0.2 - Math.hypot(a * 1.2, b + 0.68);
        const body = 0.9 - Math.hypot(a / 0.6, (b - 0.35) / 0.62);
        inside = Math.max(head, 0.6 * body);
      }
      const alpha = Math.max(0, Math.min(1, inside * edge));
      for (let c = 0; c < 4; c++) data[4 * (y * size + x) + c] = data[4 * (y * size + x) + c]! * alpha;
    }
  }
  return toTexture(canvas);
}

/** Draws a thing at a moment. */
export function drawAt(picture: Picture, thing: Thing, time: number, pose: Pose, blur: number): void {
  const { width, height } = picture;
  const phase = 2 * Math.PI * thing.rate * time;
  let x = thing.x + thing.speedX * time + thing.swingX * Math.sin(phase);
  let y = thing.y + thing.speedY * time + thing.swingY * Math.sin(phase);
  let angle = thing.angle + 2 * Math.PI * thing.spin * time;
  const grown = 1 + thing.pulse * Math.sin(phase);
  let perX = width * grown;
  let perY = height * grown;
  if (thing.anchor === "scene") {
    const du = nearest(x - pose.u, 1);
    const dv = nearest(y - pose.v, 1);
    x = (du * Math.cos(pose.angle) + dv * Math.sin(pose.angle)) / pose.width;
    y = (dv * Math.cos(pose.angle) - du * Math.sin(pose.angle)) / pose.height;
    angle -= pose.angle;
    perX /= pose.width;
    perY /= pose.height;
  } else {
    x = nearest(x, wrap);
    y = nearest(y, wrap);
  }
  const spot = {
    x: (x + 0.5) * width,
    y: (y + 0.5) * height,
    width: thing.width * perX,
    height: thing.height * perY,
    angle,
  };
  drawThing(picture, thing.texture, spot, blur);
}

/** The equivalent position modulo `period` nearest to 0. */
function nearest(place: number, period: number): number {
  return place - period * Math.round(place / period);
}
