import type { WatchRecord } from "movinet/watch";
import type { Terminal } from "../terminal.ts";
import type { SinkConfig } from "./config.ts";
import { lineOf } from "./lines-file.ts";
import type { MqttCamera } from "./mqtt.ts";
import { PlainLines } from "./plain.ts";
import { canShowView, Screen } from "./screen.ts";
import type { Sink } from "./sink.ts";
import { openSinks } from "./sinks.ts";

/** Shows records (a view on a terminal, else lines) and passes them to the sinks. */
export class Outputs implements AsyncDisposable {
  readonly #terminal: Terminal;
  readonly #lines = new PlainLines();
  readonly #screen: Screen | null;
  #sinks: Sink | null = null;

  private constructor(terminal: Terminal, names: readonly string[]) {
    const hasView = !terminal.json && !terminal.quiet && canShowView(process.stdout);
    this.#terminal = terminal;
    this.#screen = hasView ? new Screen(names, process.stdout, terminal.color) : null;
  }

  /** Throws what opening a sink throws. */
  static async open(
    terminal: Terminal,
    cameras: readonly MqttCamera[],
    sinks: readonly SinkConfig[],
  ): Promise<Outputs> {
    let outputs: Outputs | null = null;
    const opened = await openSinks(sinks, cameras, (line) => (outputs ? outputs.#warn(line) : terminal.warn(line)));
    outputs = new Outputs(
      terminal,
      cameras.map(({ name }) => name),
    );
    outputs.#sinks = opened;
    return outputs;
  }

  add(record: WatchRecord): void {
    this.#sinks?.write(record);
    this.#screen?.add(record);
    if (this.#screen) return;
    const line = this.#terminal.json ? lineOf(record) : this.#lines.line(record);
    if (line !== null) this.#terminal.result(line);
  }

  /** Ends the view, then waits for the sinks, some seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#screen?.close() ?? []) this.#terminal.warn(line);
    await this.#sinks?.[Symbol.asyncDispose]();
  }

  #warn(line: string): void {
    if (this.#screen?.isOpen) this.#screen.warn(line);
    else this.#terminal.warn(line);
  }
}
