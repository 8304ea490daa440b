/** The formats of files that are read, by FFmpeg's names. It knows many more, and takes what is no video for some of them. */
const containers =
  "mov matroska avi mpegts mpeg flv live_flv kux asf ogg mxf gxf nut nuv rm ivr wtv dv dhav ty pva nsv lxf mlv swf roq smjpeg smk bink flic cine";
/** Files of moving pictures, and of nothing but coded pictures. `jpeg_pipe` is Motion JPEG too. */
const pictures =
  "gif apng webp_anim jpegxl_anim jpeg_pipe mjpeg ivf obu av1 h261 h263 h264 hevc vvc evc m4v mpegvideo mpjpeg cavsvideo avs2 avs3 vc1 vc1test dirac dnxhd yuv4mpegpipe";
/** Sound, which is told apart from what is nothing that FFmpeg knows. */
const sound = "aac ac3 aiff amr ape au caf dsf dts eac3 flac loas mp3 mpc mpc8 tta voc w64 wav wv";

/** Names of formats that may be opened, as FFmpeg's option `format_whitelist` takes them. */
export const formatWhitelist: string = `${containers} ${pictures} ${sound}`.replaceAll(" ", ",");

/** Whether one of the names of an FFmpeg format is that of a container, which may need more than its beginning. */
export function isContainer(names: string): boolean {
  const known = containers.split(" ");
  return names.split(",").some((name) => known.includes(name));
}

/** FFmpeg's score of a format that it only guesses: texts and noise get no more, videos do. */
export const guessed = 25;
