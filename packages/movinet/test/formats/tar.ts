/** Tar archives for tests. */

export interface TarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** `0`: a file (the default); `2`: a link, `5`: a folder, `L`: the name of the entry that follows, … */
  readonly type?: string;
  /** What the header says, where that is not the truth. */
  readonly size?: string;
}

export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, content = new Uint8Array(), type = "0", size }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\0", 100);
    header.write(size ?? content.length.toString(8).padStart(11, "0"), 124, 12);
    header.write(type, 156);
    header.write("ustar\0" + "00", 257);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc(-content.length & 511)];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
