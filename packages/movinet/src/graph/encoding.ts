/** Frequencies of the positional encoding for `channels`: those of its sines and of its cosines (spec §2.6). */
export function encodingFrequencies(channels: number): readonly [Float64Array, Float64Array] {
  const waves = (length: number) => Float64Array.from({ length }, (_, i) => 1 / 10000 ** ((2 * i) / channels));
  return [waves(Math.ceil(channels / 2)), waves(Math.floor(channels / 2))];
}
