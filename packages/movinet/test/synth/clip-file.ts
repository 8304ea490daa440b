import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { CameraMotionLabel } from "../../src/synth/camera.ts";
import { writeYuv420 } from "../../src/synth/encode.node.ts";
import { renderCameraMotion } from "../../src/synth/render.ts";

/** Writes an uncompressed video of camera motions that follow each other, each in a scene of its own; 10 pictures a second. */
export async function writeCameraMotions(
  file: string,
  shots: readonly { readonly label: CameraMotionLabel; readonly seed: number; readonly frames: number }[],
): Promise<void> {
  const [side, fps] = [64, 10];
  const parts = [Buffer.from(`YUV4MPEG2 W${side} H${side} F${fps}:1 C420\n`)];
  for (const shot of shots) {
    const rgb = renderCameraMotion({ ...shot, width: side, height: side, fps });
    for (let k = 0; k < shot.frames; k++) {
      const planes = [1, 2, 2].map((part) => {
        return { data: new Uint8Array((side / part) ** 2), stride: side / part };
      });
      const [luma, blue, red] = planes as [(typeof planes)[0], (typeof planes)[0], (typeof planes)[0]];
      writeYuv420(rgb.subarray(k * side * side * 3, (k + 1) * side * side * 3), side, side, [luma, blue, red]);
      parts.push(Buffer.from("FRAME\n"), ...planes.map(({ data }) => Buffer.from(data)));
    }
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat(parts));
}
