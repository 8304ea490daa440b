/** Video files in browsers: the entry `movinet/video` under the `browser` condition. */

export { openVideo, type Video, type VideoOptions } from "./video/video.web.ts";
