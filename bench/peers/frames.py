"""The frames of the golden figures, made by integer hashing: anyone can make them again from names."""

import numpy as np


def uniform(name, indices):
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    x = (h + indices.astype(np.uint64) * 0x9E3779B9) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    return (x ^ (x >> np.uint64(16))) / 2.0**32


def frame(t, height, width):
    """One RGB picture in 0..1, [height, width, 3]."""
    size = height * width * 3
    fine = uniform("image", t * size + np.arange(size)).reshape(height, width, 3)
    rows, columns = -(-height // 16), -(-width // 16)
    cells = rows * columns * 3
    coarse = uniform("blocks", t * cells + np.arange(cells)).reshape(rows, columns, 3)
    return (fine * coarse[np.arange(height) // 16][:, np.arange(width) // 16]).astype(np.float32)
