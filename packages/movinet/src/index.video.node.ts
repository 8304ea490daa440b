/** Videos in Node: the entry `movinet/video`. */

export { renderPlot } from "./plot/plot.node.ts";
export { createPlotRecorder, type PlotRecorder } from "./plot/plot-data.ts";
export type { Plot, PlotShape } from "./plot/plot-picture.ts";
export { Decoders, openVideo, type Video, type VideoOptions } from "./video/video.node.ts";
