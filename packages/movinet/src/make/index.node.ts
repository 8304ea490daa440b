/** How models come to be, on Node: the entry `movinet/make`. */
export { type CameraMotionLabel, cameraMotionLabels } from "./synth/labels.ts";
export { makeCameraMotion, type SynthOptions, type SynthReport } from "./synth/make-dataset.node.ts";
export { type CameraMotionClip, cameraMotionFrames, renderCameraMotion } from "./synth/render.ts";
export { planScene, type Scene } from "./synth/scene.ts";
export { moveWindow, type SourcePicture } from "./synth/window.ts";
