/** Bytes. */
const MiB = 2 ** 20;

/** What a video may cost before it is refused. */
export const limits = {
  /** Pixels of a picture: those of 8192 × 4320. */
  pixels: 8192 * 4320,
  /** Bytes of memory of a decoding process, beyond the size of its file. */
  memory: 448 * MiB,
  /** Bytes of a file that count as its size there, at most. */
  countedSize: 1024 * MiB,
  /** Bytes of pictures that decode at the same time: more threads are not used for large ones. */
  threadPictures: 128 * MiB,
  /** Bytes of standard input that are kept, and the share of what is free on the disk. */
  spool: { bytes: 16 * 1024 * MiB, share: 0.5 },
  /** Redirects that are followed, all on one host. */
  redirects: 5,
} as const;

/** Bytes of memory that the decoding process of a file of so many bytes may take. */
export function memoryFor(size: number): number {
  return limits.memory + Math.min(size, limits.countedSize);
}
