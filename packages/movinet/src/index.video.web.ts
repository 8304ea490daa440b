/** Pictures of answers in a browser: the entry `movinet/video`. */

export { renderPlot } from "./plot/plot.web.ts";
export { createPlotRecorder } from "./plot/plot-data.ts";
