/** The pickle of a state dict, in the instructions that `torch.save` writes, without its memory of what came before. */
import { elementsOf } from "../../graph/shapes.ts";
import { op } from "./pickle.ts";

interface TensorToWrite {
  readonly type: "FloatStorage" | "LongStorage";
  /** Name of the storage's record. */
  readonly key: string;
  readonly shape: readonly number[];
}

/** Row-major tensors, each of which fills its storage. */
export class PickleWriter {
  readonly #bytes: number[] = [op.proto, 2];

  constructor() {
    this.#emptyDict();
    this.#bytes.push(op.mark);
  }

  tensor(name: string, { type, key, shape }: TensorToWrite): void {
    const strides = shape.map((_, axis) => elementsOf(shape.slice(axis + 1)));
    this.#text(name);
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#tuple(() => {
      this.#tuple(() => {
        this.#text("storage");
        this.#global("torch", type);
        this.#text(key);
        this.#text("cpu");
        this.#int(elementsOf(shape));
      });
      this.#bytes.push(op.persistentId);
      this.#int(0);
      this.#sizes(shape);
      this.#sizes(strides);
      this.#bytes.push(op.newFalse); // it is not being trained
      this.#emptyDict(); // of hooks
    });
    this.#bytes.push(op.reduce);
  }

  finish(): Uint8Array {
    return Uint8Array.from([...this.#bytes, op.setItems, op.stop]);
  }

  #emptyDict(): void {
    this.#global("collections", "OrderedDict");
    this.#bytes.push(op.emptyTuple, op.reduce);
  }

  #tuple(items: () => void): void {
    this.#bytes.push(op.mark);
    items();
    this.#bytes.push(op.tuple);
  }

  #sizes(sizes: readonly number[]): void {
    this.#tuple(() => {
      for (const size of sizes) this.#int(size);
    });
  }

  #global(module: string, name: string): void {
    this.#bytes.push(op.global, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#bytes.push(op.binUnicode, ...fourBytes(bytes.length), ...bytes);
  }

  #int(value: number): void {
    this.#bytes.push(op.binInt, ...fourBytes(value));
  }
}

function fourBytes(value: number): readonly number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
}
