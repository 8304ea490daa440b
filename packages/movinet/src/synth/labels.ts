/**
 * The classes of `camera-motion`, in the order of the model's outputs. They name what the CAMERA does, as the person who
 * holds it would say; the scene does the opposite in the picture (drawn in `docs/camera-motion.svg`):
 *
 * - `pan left`, `pan right`: it turns or moves to that side. Pan right: the scene moves left.
 * - `tilt up`, `tilt down`: it turns or moves up or down. Tilt up: the scene moves down.
 * - `zoom in`, `zoom out`: the scene grows or shrinks, by the lens or by walking.
 * - `roll clockwise`, `roll anticlockwise`: it turns about its line of sight, as seen from behind it. Roll clockwise: the
 *   scene turns anticlockwise.
 * - `shake`: it is shaken quickly about a view that stays.
 * - `still`: it stays, whatever moves before it; the tremble of a steady hand is allowed.
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
