/** The layout of the sorted tables in which TensorFlow keeps the index of a checkpoint. */

/** The end of a table: where the block of blocks is, then {@link magic}. */
export const footerBytes = 48;
export const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb] as const;

/** Behind each block: how it is compressed, and a checksum. */
export const trailerBytes = 5;
export const compression = { none: 0, snappy: 1 } as const;
