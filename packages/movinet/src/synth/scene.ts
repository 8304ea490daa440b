import { type Random, randomOf } from "../common/random.ts";
import { type CameraPath, type Depth, farthest, type Pose } from "./camera.ts";
import { drawPalette, newCanvas, paintShape } from "./canvas.ts";
import { drawTexture, type Picture } from "./draw.ts";
import { paintMaterial } from "./materials.ts";
import { cutOut, paintGround, type Texture, toTexture } from "./texture.ts";
import { drawAt, planThings, type Thing } from "./things.ts";

interface Layer {
  readonly texture: Texture;
  readonly depth: Depth;
  /** Its own motion in periods per second: clouds, water, a crowd. */
  readonly driftX: number;
  readonly driftY: number;
  readonly blur: number;
}

/**
 * The scene in front of a camera: a ground, up to two nearer layers with holes, and things. It knows nothing of the
 * camera.
 */
export interface Scene {
  readonly layers: readonly Layer[];
  readonly things: readonly Thing[];
  /** The number of layers behind the things. */
  readonly behind: number;
}

/** Plans a scene for pictures of about `side` pixels. */
export function planScene(seed: number | string, side: number): Scene {
  const random = randomOf(seed, "scene");
  const size = 96 * 2 ** Math.max(1, Math.ceil(Math.log2((2.4 * side) / 96)));
  const parallax = random.chance(0.55) ? random.between(0.1, 0.8) : 0;
  const walked = random.chance(0.5) ? parallax * random.between(0.2, 0.7) : 0;
  const near = random.chance(0.5) ? (random.chance(0.35) ? 2 : 1) : 0;
  const still = { depth: farthest, driftX: 0, driftY: 0, blur: 0 };
  const ground: Layer = { texture: toTexture(paintGround(random, size)), ...still };
  const nearer = Array.from({ length: near }, (_, i): Layer => {
    const canvas = paintMaterial(random, size / 2);
    const cover = random.between(0.08, i === 0 ? 0.4 : 0.2);
    cutOut(random, canvas, cover);
    const drifts = cover < 0.2 && random.chance(0.3);
    return {
      texture: toTexture(canvas),
      depth: { shift: 1 + parallax * (i + 1), growth: 1 + walked * (i + 1) },
      driftX: drifts ? 0.12 * random.normal() : 0,
      driftY: drifts ? 0.12 * random.normal() : 0,
      blur: random.chance(0.5) ? random.between(0, 1.5) : 0,
    };
  });
  const things = planThings(seed, size / 4);
  return { layers: [ground, ...nearer], things, behind: 1 + random.below(near + 1) };
}

/** Returns a function that draws the frame at each of these times, `blur` coarser than sharp. */
export function openScene(scene: Scene, camera: CameraPath, times: readonly number[]) {
  const paths = scene.layers.map(({ depth }) => camera.poses(times, depth));
  return (picture: Picture, frame: number, blur: number) => {
    const time = times[frame]!;
    const drawLayers = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        const { texture, driftX, driftY, blur: own } = scene.layers[i]!;
        const pose = paths[i]![frame]!;
        const drifted: Pose = { ...pose, u: pose.u - driftX * time, v: pose.v - driftY * time };
        drawTexture(picture, texture, drifted, blur + own);
      }
    };
    drawLayers(0, scene.behind);
    for (const thing of scene.things) drawAt(picture, thing, time, paths[0]![frame]!, blur);
    drawLayers(scene.behind, scene.layers.length);
  };
}

/** Static overlays of the video: bars, a caption, a logo in a corner. Null: none. */
export function planOverlay(seed: number | string, width: number, height: number): Int32Array | null {
  const random = randomOf(seed, "overlay");
  const bars = random.chance(0.12);
  const caption = random.chance(0.1);
  const mark = random.chance(0.1);
  if (!bars && !caption && !mark) return null;
  const overlay = new Int32Array(width * height);
  const put = (x: number, y: number, color: number) => {
    if (x >= 0 && y >= 0 && x < width && y < height) overlay[y * width + x] = color;
  };
  if (bars) drawBars(random, width, height, put);
  const print = (at: Place) => stamp(random, width, height, at, put);
  if (caption) print({ x: 0.5, y: random.pick([0.12, 0.88]), across: random.between(0.3, 0.9), tall: 0.1 });
  if (mark) print({ x: random.pick([0.14, 0.86]), y: random.pick([0.12, 0.88]), across: 0.18, tall: 0.12 });
  return overlay;
}

type Put = (x: number, y: number, color: number) => void;

function drawBars(random: Random, width: number, height: number, put: Put): void {
  const share = random.between(0.04, 0.16);
  const upright = random.chance(0.3);
  const shade = random.chance(0.85) ? random.below(18) : random.below(256);
  const color = (0xff << 24) | (shade * 0x10101);
  const [thickX, thickY] = upright ? [Math.round(share * width), 0] : [0, Math.round(share * height)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < thickX || x >= width - thickX || y < thickY || y >= height - thickY) put(x, y, color);
    }
  }
}

type Place = { readonly x: number; readonly y: number; readonly across: number; readonly tall: number };

/** A small picture of letters or a logo. */
function stamp(random: Random, width: number, height: number, at: Place, put: Put): void {
  const size = 96;
  const palette = drawPalette(random);
  const count = 4 + random.below(8);
  const letters = newCanvas(size);
  letters.data.fill(0);
  for (let i = 0; i < count; i++) {
    const kind = random.pick(["box", "ring", "triangle"] as const);
    const place = { x: (i + 0.5) / count, y: 0.5, angle: 0 };
    const letter = { ...place, width: 0.6 / count, height: random.between(0.4, 0.9), kind };
    paintShape(letters, letter, [255, 255, 255], 1, 0);
  }
  const ink = random.chance(0.5) ? ([245, 245, 245] as const) : palette.color();
  const plate = random.chance(0.4) ? palette.color() : null;
  const [left, top] = [Math.round((at.x - at.across / 2) * width), Math.round((at.y - at.tall / 2) * height)];
  const [wide, tall] = [Math.round(at.across * width), Math.max(3, Math.round(at.tall * height))];
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      const inked = letters.data[4 * (Math.floor((y * size) / tall) * size + Math.floor((x * size) / wide))]! > 127;
      const color = inked ? ink : plate;
      if (color) put(left + x, top + y, (0xff << 24) | (color[2] << 16) | (color[1] << 8) | color[0]);
    }
  }
}
