/** Videos in Node: the entry `movinet/video`. */

export { CaptionPainter } from "./plot/caption.node.ts";
export { renderPlot } from "./plot/plot.node.ts";
export { createPlotRecorder } from "./plot/plot-data.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./video/video.node.ts";
