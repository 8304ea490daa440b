import { AV_BUFFERSRC_FLAG_KEEP_REF } from "node-av/constants";
import { type Frame as AVFrame, Filter, type FilterContext, FilterGraph } from "node-av/lib";
import { check, Fail } from "./decoder-output.node.ts";

/** One of FFmpeg's filters: its name and its options. */
export type Filtering = readonly [name: string, options: string];

/** FFmpeg's filters one after another, for pictures of one size and format. */
export class PictureFilter {
  readonly #graph = new FilterGraph();
  readonly #source: FilterContext;
  readonly #sink: FilterContext;
  readonly #width: number;
  readonly #height: number;
  readonly #format: number;

  /** @param like a picture of the size and format of all that will come. Throws Fail. */
  constructor(filters: readonly Filtering[], like: AVFrame) {
    this.#width = like.width;
    this.#height = like.height;
    this.#format = like.format;
    this.#graph.alloc();
    this.#graph.nbThreads = 1;
    const { colorSpace, colorRange } = like;
    const picture = `video_size=${like.width}x${like.height}:pix_fmt=${like.format}:time_base=1/1000000`;
    this.#source = this.#add("buffer", `${picture}:colorspace=${colorSpace}:range=${colorRange}`);
    let last = this.#source;
    const append = (next: FilterContext) => {
      check(last.link(0, next, 0), "noFrames");
      last = next;
    };
    for (const [i, [name, options]] of filters.entries()) append(this.#add(name, options, `${name}${i}`));
    this.#sink = this.#add("buffersink", null);
    append(this.#sink);
    check(this.#graph.configSync(), "noFrames");
  }

  fits({ width, height, format }: AVFrame): boolean {
    return width === this.#width && height === this.#height && format === this.#format;
  }

  /** Gives the filter a picture, which stays as it is, or tells it that there are no more. Throws Fail. */
  push(picture: AVFrame | null): void {
    check(this.#source.buffersrcAddFrameSync(picture, AV_BUFFERSRC_FLAG_KEEP_REF), "noFrames");
  }

  /** False where the filter wants more, or has no more. */
  pull(picture: AVFrame): boolean {
    picture.unref();
    return this.#sink.buffersinkGetFrameSync(picture) >= 0;
  }

  free(): void {
    this.#graph.free();
  }

  #add(name: string, options: string | null, instance = name): FilterContext {
    const filter = Filter.getByName(name);
    const context = filter && this.#graph.createFilter(filter, instance, options);
    if (!context) throw new Fail("noFrames", `this FFmpeg build has no filter ${name}`);
    return context;
  }
}
