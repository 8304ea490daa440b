/** Signal to noise, in decibels, of numbers of these energies; Infinity: there is no noise. */
export function decibels(signal: number, noise: number): number {
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
