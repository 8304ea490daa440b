import type { ActionStream } from "movinet";
import { Live } from "../logic/live.ts";
import type { LiveSettings, Picture } from "../messages.ts";
import type { AppRecognizer } from "./load.ts";

/** A live view of an open model, and the streams that it owns. */
export class Viewer {
  readonly live: Live<Picture>;
  readonly #streams: readonly ActionStream<Picture>[];

  private constructor(live: Live<Picture>, streams: readonly ActionStream<Picture>[]) {
    this.live = live;
    this.#streams = streams;
  }

  /** Opens the streams that the settings ask for. Time starts at `begin` seconds. */
  static async open(recognizer: AppRecognizer, settings: LiveSettings, begin: number): Promise<Viewer> {
    const { halfLifeSeconds, streams: count } = settings;
    const options = halfLifeSeconds === null ? { top: 1 } : { top: 1, halfLifeSeconds };
    const streams: ActionStream<Picture>[] = [];
    try {
      for (let i = 0; i < count; i++) streams.push(await recognizer.stream(options));
    } catch (error) {
      for (const stream of streams) await stream.close();
      throw error;
    }
    const { fps, labels } = recognizer.card;
    return new Viewer(new Live({ streams, fps, labels, begin }), streams);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) await stream.close();
  }
}
