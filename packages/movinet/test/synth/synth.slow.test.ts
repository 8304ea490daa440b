/** The generator of camera motion: repeatable, of any size, with the motion that the label names, and blind to single pictures. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomOf } from "../../src/common/random.ts";
import { type CameraMotionLabel, cameraMotionLabels, farthest, planCamera } from "../../src/synth/camera.ts";
import { cameraMotionFrames, renderCameraMotion } from "../../src/synth/render.ts";
import { planScene } from "../../src/synth/scene.ts";
import { judgeMotion, totalMotion } from "./global-motion.ts";
import { type Example, frameStatistics, meanOf, ridgeAccuracy, wholeStatistics } from "./single-frame.ts";
import { moveWindow, type SourcePicture } from "./window.ts";

const small = { width: 48, height: 48, frames: 4, fps: 10 };
const someLabel = fc.constantFrom(...cameraMotionLabels);

test("the labels and their order", () => {
  expect(cameraMotionLabels).toEqual([
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
  ]);
});

describe("a clip", () => {
  test("is a function of its arguments, whatever was rendered before", () => {
    const clip = { label: "pan left", seed: 3, ...small } as const;
    const first = renderCameraMotion(clip);
    renderCameraMotion({ ...clip, seed: 4 });
    expect(Buffer.compare(renderCameraMotion(clip), first)).toBe(0);
    expect(Buffer.compare(renderCameraMotion({ ...clip, scene: planScene(3, 48) }), first)).toBe(0);
    expect(Buffer.compare(Buffer.concat([...cameraMotionFrames(clip)]), first)).toBe(0);
    expect(Buffer.compare(renderCameraMotion({ ...clip, seed: 4 }), first)).not.toBe(0);
  });

  test("has the size that was asked for, and pictures that show something", () => {
    const side = fc.integer({ min: 8, max: 70 });
    fc.assert(
      fc.property(
        someLabel,
        fc.nat(),
        side,
        side,
        fc.integer({ min: 1, max: 3 }),
        (label, seed, width, height, frames) => {
          const data = renderCameraMotion({ label, seed, width, height, frames, fps: 25 });
          expect(data.length).toBe(frames * height * width * 3);
          expect(new Set(data).size).toBeGreaterThan(8);
        },
      ),
      { numRuns: 12 },
    );
  });

  test.each([
    [{ frames: 0 }, "frames must be an integer ≥ 1, got 0"],
    [{ width: 9.5 }, "width must be an integer ≥ 1, got 9.5"],
    [{ fps: Number.NaN }, "fps must be above 0, got NaN"],
  ])("refuses %j", (wrong, message) => {
    expect(() => renderCameraMotion({ label: "still", seed: 0, ...small, ...wrong })).toThrow(new TypeError(message));
  });
});

describe("a camera", () => {
  const times = Array.from({ length: 16 }, (_, i) => i / 10);

  test("never sees the scene repeat along a diagonal by more than a corner, for any label, speed and aspect", () => {
    fc.assert(
      fc.property(someLabel, fc.nat(), fc.constantFrom(9 / 16, 1, 16 / 9), (label, seed, aspect) => {
        for (const { width, height } of planCamera(label, seed, 1.5, aspect).poses(times)) {
          expect(Math.hypot(width, height)).toBeLessThan(label === "shake" ? 1.15 : 1.05);
          expect(width / height).toBeCloseTo(aspect, 6);
        }
      }),
    );
  });

  test("zooms and turns by the same ranges for every label", () => {
    const spread = (label: CameraMotionLabel) => {
      const random = randomOf("spread");
      const poses = Array.from({ length: 1500 }, (_, seed) => {
        return planCamera(label, seed, 1.5, 1).poses(times)[random.below(times.length)]!;
      });
      const sizes = poses.map(({ width }) => Math.log(width)).sort((a, b) => a - b);
      return [0.1, 0.5, 0.9].map((part) => sizes[Math.round(part * sizes.length)]!);
    };
    const still = spread("still");
    for (const label of ["pan left", "zoom in", "zoom out", "roll clockwise"] as const) {
      for (const [i, size] of spread(label).entries()) expect(Math.abs(size - still[i]!), label).toBeLessThan(0.08);
    }
  });

  test("near things pass faster than far ones, in the same direction", () => {
    const camera = planCamera("pan right", 1, 1.5, 1);
    const way = (shift: number) => {
      const poses = camera.poses(times, { ...farthest, shift });
      return Math.hypot(poses[15]!.u - poses[0]!.u, poses[15]!.v - poses[0]!.v);
    };
    expect(way(1.8) / way(1)).toBeCloseTo(1.8, 1);
  });
});

describe("the content moves against the camera", () => {
  const size = { width: 64, height: 64, frames: 16, fps: 10 };
  const plain = { aspect: 1, compress: false } as const;

  test.each([
    ["pan left", "x", 1],
    ["pan right", "x", -1],
    ["tilt up", "y", 1],
    ["tilt down", "y", -1],
    ["zoom in", "growth", 1],
    ["zoom out", "growth", -1],
    ["roll clockwise", "turn", -1],
    ["roll anticlockwise", "turn", 1],
  ] as const)(
    "%s: %s of sign %i",
    (label, part, sign) => {
      const unit = { x: 64, y: 64, growth: 1 / 0.38, turn: 1 / 0.38 }[part];
      for (const seed of [1, 2, 5]) {
        const total = totalMotion(renderCameraMotion({ label, seed, ...size, ...plain }), 16, 64, 64);
        expect((sign * total[part]) / unit, `seed ${seed}`).toBeGreaterThan(0.03);
      }
    },
    120_000,
  );

  test("shaken content goes a long way and comes back; still content stays", () => {
    for (const seed of [2, 3, 5]) {
      const motionOf = (label: CameraMotionLabel) =>
        totalMotion(renderCameraMotion({ label, seed, ...size, ...plain }), 16, 64, 64);
      const shaken = motionOf("shake");
      const still = motionOf("still");
      expect(shaken.path / 64, `seed ${seed}`).toBeGreaterThan(0.2);
      expect(Math.hypot(shaken.x, shaken.y) / shaken.path).toBeLessThan(0.5);
      expect(Math.hypot(still.x, still.y) / 64, `seed ${seed}`).toBeLessThan(0.03);
      expect(still.path, `seed ${seed}`).toBeLessThan(0.5 * shaken.path);
    }
  }, 120_000);
});

/** A picture that no code of the renderer made: gray boxes of all sizes. */
function paintBoxes(width: number, height: number): SourcePicture {
  const random = randomOf("boxes");
  const data = new Uint8Array(width * height * 3).fill(128);
  for (let side = 70; side > 3; side *= 0.985) {
    const [left, top, level] = [random.below(width), random.below(height), random.below(256)];
    for (let y = top; y < Math.min(height, top + side); y++) {
      data.fill(level, 3 * (y * width + left), 3 * (y * width + Math.min(width, left + Math.ceil(side))));
    }
  }
  return { data, width, height };
}

describe("a window over real pictures", () => {
  const [width, height] = [200, 150];
  const picture = paintBoxes(width, height);
  const size = { width: 48, height: 48, frames: 12 };

  test.each(cameraMotionLabels.map((label) => [label]))(
    "%s",
    (label) => {
      for (const seed of [0, 2]) {
        const clip = moveWindow([picture], label, seed, size);
        expect(clip.length).toBe(12 * 48 * 48 * 3);
        expect(judgeMotion(clip, 12, 48, 48), `seed ${seed}`).toBe(label);
      }
    },
    120_000,
  );

  test("is repeatable and takes one picture or enough", () => {
    const cut = (pictures: readonly SourcePicture[]) => moveWindow(pictures, "pan left", 7, size);
    expect(cut([picture])).toEqual(cut(Array.from({ length: 12 }, () => picture)));
    expect(() => cut([picture, picture])).toThrow("12 frames need one picture or one for each, got 2");
    expect(() => cut([])).toThrow("12 frames need one picture or one for each, got 0");
    const other = { ...picture, width: height, height: width };
    expect(() => cut([...Array.from({ length: 11 }, () => picture), other])).toThrow("the pictures differ in size");
  });
});

test("a single picture tells no label; the smear of eight would tell pans from tilts", { timeout: 300_000 }, () => {
  const [side, scenes, frames] = [32, 100, 8];
  const bytes = side * side * 3;
  const single: Example[][] = [];
  const smeared: Example[][] = [];
  for (let seed = 0; seed < scenes; seed++) {
    const scene = planScene(seed, side);
    const clips = cameraMotionLabels.map((label) => {
      return renderCameraMotion({ label, seed, width: side, height: side, frames, fps: 10, scene, compress: false });
    });
    single.push(
      clips.map((clip, label) => {
        const at = randomOf(seed, label).below(frames) * bytes;
        return { features: frameStatistics(clip.subarray(at, at + bytes), side, side), label };
      }),
    );
    smeared.push(clips.map((clip, label) => ({ features: frameStatistics(meanOf(clip, bytes), side, side), label })));
  }
  const held = 30;
  const labels = cameraMotionLabels.length;
  expect(ridgeAccuracy(single.slice(held).flat(), single.slice(0, held).flat(), labels)).toBeLessThan(0.17);
  /** Pans and tilts, by the edges and the detail of the whole picture. */
  const axes = (examples: readonly Example[][]) => {
    const kept = examples.map((scene) =>
      scene
        .slice(0, 4)
        .map(({ features, label }) => ({ features: features.slice(-wholeStatistics), label: label >> 1 })),
    );
    return ridgeAccuracy(kept.slice(held).flat(), kept.slice(0, held).flat(), 2);
  };
  expect(axes(single)).toBeLessThan(0.62);
  expect(axes(smeared)).toBeGreaterThan(0.68);
});
