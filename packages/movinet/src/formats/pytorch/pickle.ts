/**
 * Python pickles from `torch.save`. A pickle is a program that may call anything; here it creates plain data and
 * tensors only: anything else is refused by name.
 */
import { type Pickled, PickleProblem } from "./data.ts";
import { globalOf, storageOf } from "./globals.ts";

/** Size limits; the pickle of A5 with optimizer state has 1 MB and 100,000 objects. */
const [mostBytes, mostObjects] = [2 ** 24, 1_000_000];

/** The data in a pickle. Throws {@link PickleProblem} for damage, and for anything but plain data and tensors. */
export function unpickle(bytes: Uint8Array): Pickled {
  if (bytes.length > mostBytes) throw new PickleProblem(`has more than ${mostBytes} bytes`);
  return new Machine(bytes).run();
}

/** Instructions of protocol 2, as used by `torch.save`, by byte. */
export const op = {
  proto: 0x80,
  mark: 0x28,
  stop: 0x2e,
  none: 0x4e,
  newTrue: 0x88,
  newFalse: 0x89,
  binInt: 0x4a,
  binInt1: 0x4b,
  binInt2: 0x4d,
  long1: 0x8a,
  binFloat: 0x47,
  binUnicode: 0x58,
  emptyDict: 0x7d,
  emptyList: 0x5d,
  emptyTuple: 0x29,
  tuple: 0x74,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple3: 0x87,
  append: 0x61,
  appends: 0x65,
  setItem: 0x73,
  setItems: 0x75,
  binPut: 0x71,
  longBinPut: 0x72,
  binGet: 0x68,
  longBinGet: 0x6a,
  global: 0x63,
  reduce: 0x52,
  build: 0x62,
  persistentId: 0x51,
} as const;

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: Pickled[] = [];
  /** Heights of the stack at the marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Pickled>();
  #at = 0;
  #objects = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Pickled {
    for (;;) {
      const code = this.#byte();
      if (code === op.stop) return this.#pop();
      this.#step(code);
    }
  }

  #step(code: number): void {
    const made = this.#make(code);
    if (made !== undefined) this.#push(made);
    else this.#change(code);
  }

  /** The value an instruction pushes; undefined for the others. */
  #make(code: number): Pickled | undefined {
    switch (code) {
      case op.none:
        return null;
      case op.newTrue:
      case op.newFalse:
        return code === op.newTrue;
      case op.binInt:
        return this.#view.getInt32(this.#skip(4), true);
      case op.binInt1:
        return this.#byte();
      case op.binInt2:
        return this.#view.getUint16(this.#skip(2), true);
      case op.long1:
        return this.#long(this.#byte());
      case op.binFloat:
        return this.#view.getFloat64(this.#skip(8), false);
      case op.binUnicode:
        return this.#text(this.#uint32());
      case op.emptyDict:
        return new Map();
      case op.emptyList:
      case op.emptyTuple:
        return [];
      case op.tuple:
        return this.#popMarked();
      case op.tuple1:
      case op.tuple2:
      case op.tuple3:
        return this.#popMany(code - op.tuple1 + 1);
      case op.binGet:
        return this.#recalled(this.#byte());
      case op.longBinGet:
        return this.#recalled(this.#uint32());
      case op.global:
        return globalOf(`${this.#line()}.${this.#line()}`);
      case op.reduce:
        return this.#called();
      case op.persistentId:
        return storageOf(this.#pop());
      default:
        return undefined;
    }
  }

  /** The instructions that push nothing. */
  #change(code: number): void {
    switch (code) {
      case op.proto:
        if (this.#byte() > 2) throw new PickleProblem("uses a protocol newer than 2, which torch.save uses");
        break;
      case op.mark:
        this.#count();
        this.#marks.push(this.#stack.length);
        break;
      case op.append:
        this.#extend(this.#popMany(1));
        break;
      case op.appends:
        this.#extend(this.#popMarked());
        break;
      case op.setItem:
        this.#set(this.#popMany(2));
        break;
      case op.setItems:
        this.#set(this.#popMarked());
        break;
      case op.binPut:
        this.#remember(this.#byte());
        break;
      case op.longBinPut:
        this.#remember(this.#uint32());
        break;
      case op.build:
        // The state of an object. A state dict stores module versions there; anything else would need its class.
        this.#pop();
        if (!(this.#stack.at(-1) instanceof Map))
          throw new PickleProblem("sets the state of something other than a dictionary");
        break;
      default: {
        const hex = code.toString(16).padStart(2, "0");
        throw new PickleProblem(`has the instruction 0x${hex}, which plain data and tensors never use`);
      }
    }
  }

  /** Advances by this many bytes; returns their position. */
  #skip(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new PickleProblem("is truncated");
    this.#at += count;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)] as number;
  }

  #uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** An integer of any length, little-endian, in two's complement. */
  #long(length: number): number {
    if (length > 8) throw new PickleProblem("has an integer of more than 8 bytes");
    const at = this.#skip(length);
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.#bytes[at + i] as number) << BigInt(8 * i);
    return Number(BigInt.asIntN(8 * length, value));
  }

  #text(length: number): string {
    const at = this.#skip(length);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(lineFeed, this.#at);
    if (end < 0) throw new PickleProblem("is truncated");
    const text = this.#text(end - this.#at);
    this.#skip(1);
    return text;
  }

  #count(): void {
    if (++this.#objects > mostObjects) throw new PickleProblem(`describes more than ${mostObjects} objects`);
  }

  #push(item: Pickled): void {
    this.#count();
    this.#stack.push(item);
  }

  /** Values below the last mark are out of reach. */
  #pop(): Pickled {
    const item = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined;
    if (item === undefined) throw damaged("stack underflow");
    return item;
  }

  #popMany(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popMarked(): Pickled[] {
    const from = this.#marks.pop();
    if (from === undefined) throw damaged("missing mark");
    return this.#stack.splice(from);
  }

  #extend(items: readonly Pickled[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw damaged("it appends to something other than a list");
    for (const item of items) list.push(item);
  }

  #set(items: readonly Pickled[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map) || items.length % 2 === 1)
      throw damaged("it sets an item of something other than a dictionary");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] as Pickled;
      if (typeof key === "object" && key !== null) throw new PickleProblem("has a dictionary with objects as keys");
      map.set(key, items[i + 1] as Pickled);
    }
  }

  #called(): Pickled {
    const given = this.#pop();
    const callee = this.#pop();
    const known = typeof callee === "object" && callee !== null && "kind" in callee && callee.kind === "function";
    if (!known || !Array.isArray(given)) throw damaged("it calls something other than a function");
    return callee.call(given);
  }

  #remember(index: number): void {
    this.#count();
    const item = this.#stack.at(-1);
    if (item === undefined) throw damaged("it stores an empty stack in the memo");
    this.#memo.set(index, item);
  }

  #recalled(index: number): Pickled {
    const item = this.#memo.get(index);
    if (item === undefined) throw damaged("it reads an unknown memo entry");
    return item;
  }
}

const lineFeed = 0x0a;

function damaged(problem: string): PickleProblem {
  return new PickleProblem(`is damaged: ${problem}`);
}
