/** Draws the view on a terminal, and leaves the terminal as it was. */
import { printable } from "movinet/files";
import type { WatchRecord } from "movinet/watch";
import { renderView } from "./view.ts";
import { addMessage, addRecord, beginView, type ViewState } from "./view-rows.ts";

/** What is needed of standard output. */
export interface ScreenStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): boolean;
  on(event: "resize" | "drain", listener: () => void): unknown;
  off(event: "resize" | "drain", listener: () => void): unknown;
}

/** Milliseconds between two drawings. */
const betweenMs = 100;
const mostMessages = 20;

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";

/** Whether standard output is a terminal that can show the view. */
export function canShowView({ isTTY }: { readonly isTTY?: boolean }, env = process.env): boolean {
  return isTTY === true && env["TERM"] !== "dumb";
}

/** The view on the terminal's second screen. {@link Screen.close} brings back the first one, with the last state below what was there. */
export class Screen {
  readonly #stream: ScreenStream;
  readonly #color: boolean;
  #state: ViewState;
  #timer: NodeJS.Timeout | null = null;
  #isBlocked = false;
  #isOpen = true;
  readonly #messages: string[] = [];
  readonly #redraw = () => this.#schedule();
  readonly #drained = () => {
    this.#isBlocked = false;
    this.#schedule();
  };
  readonly #restore = () => {
    if (this.#isOpen) this.#stream.write(leave);
  };

  constructor(names: readonly string[], stream: ScreenStream, color: boolean) {
    this.#stream = stream;
    this.#color = color;
    this.#state = beginView(names);
    stream.write(enter);
    stream.on("resize", this.#redraw);
    stream.on("drain", this.#drained);
    // Also when the program ends by an error.
    process.on("exit", this.#restore);
    this.#draw();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  add(record: WatchRecord): void {
    this.#state = addRecord(this.#state, record);
    this.#schedule();
  }

  /** Shows a line of warning; it is printed again at the end. */
  warn(text: string): void {
    const line = printable(text);
    this.#state = addMessage(this.#state, line);
    this.#messages.push(line);
    if (this.#messages.length > mostMessages) this.#messages.shift();
    this.#schedule();
  }

  /** Ends the view. Returns the warnings that were shown, for standard error. */
  close(): readonly string[] {
    if (!this.#isOpen) return [];
    if (this.#timer) clearTimeout(this.#timer);
    this.#stream.off("resize", this.#redraw);
    this.#stream.off("drain", this.#drained);
    process.off("exit", this.#restore);
    this.#isOpen = false;
    const last = renderView({ ...this.#state, messages: [] }, { ...this.#size, rows: this.#state.rows.length + 2 });
    this.#stream.write(`${leave}${last.slice(0, -1).join("\n")}\n`);
    return this.#messages;
  }

  get #size() {
    return { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24, color: this.#color };
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#isOpen && !this.#isBlocked) this.#draw();
    }, betweenMs);
  }

  #draw(): void {
    const { rows } = this.#size;
    const lines = renderView(this.#state, this.#size);
    const all = Array.from({ length: rows }, (_, i) => lines[i] ?? "");
    // Erased before it is written: after a full line, the cursor stands on its last cell.
    this.#isBlocked = !this.#stream.write(`\x1b[H${all.map((line) => `\x1b[2K${line}`).join("\r\n")}`);
  }
}
