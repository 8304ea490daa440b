/**
 * Of libvpx's VP9 in FFmpeg's words; docs/decisions.md has what they cost and give. `lag-in-frames`: pictures that the encoder keeps
 * to look ahead.
 */
export const encoderOptions = {
  deadline: "realtime",
  "cpu-used": "8",
  crf: "30",
  "row-mt": "1",
  "tile-columns": "2",
  "lag-in-frames": "0",
};
