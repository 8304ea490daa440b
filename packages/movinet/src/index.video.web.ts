/** Video files in browsers, and pictures of answers: the entry `movinet/video` under the `browser` condition. */

export { renderPlot } from "./plot/plot.web.ts";
export { createPlotRecorder } from "./plot/plot-data.ts";
export { openVideo, type Video, type VideoOptions } from "./video/video.web.ts";
