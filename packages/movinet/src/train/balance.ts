/** Class weights in the training loss. */
export interface ClassWeights {
  /**
   * The weight of a clip with these classes, above 0. The mean over the training clips is 1. A class without clips
   * gives 1.
   */
  weightOf(classes: readonly number[]): number;
  /** The rule that applied, with its numbers: one sentence to print and to store. */
  readonly why: string;
}

/**
 * From this ratio of the largest class to the smallest, weights differ. Classes of equal size reach about 1.3 when
 * whole groups are split off; below 1.5, weights would change no clip by more than a fifth relative to another.
 */
const uneven = 1.5;

/**
 * Weights training clips by class. If the largest class has at least 1.5 times the clips of the smallest, the weight
 * is proportional to 1 / √(clips of the class), as in the closed-form head: half way (on a logarithmic scale) between
 * equal clips, which neglects small classes, and equal classes, which lets a few clips dominate. Otherwise all weights
 * are 1.
 *
 * They are also 1 for multi-label clips: each class is separated from all others independently, and the weight of a
 * clip for one class would shift the probabilities of the others.
 *
 * @param clips the classes of each training clip; exactly one unless multi-label.
 * @param classes the number of classes.
 */
export function classWeights(
  clips: readonly (readonly number[])[],
  classes: number,
  multiLabel: boolean,
): ClassWeights {
  const same = (reason: string): ClassWeights => ({
    weightOf: () => 1,
    why: `All clips have the same weight in the loss: ${reason}.`,
  });
  if (multiLabel) return same("a clip can have several classes");
  const counts = new Array<number>(classes).fill(0);
  for (const [c = -1] of clips) {
    if (!(c in counts)) throw new TypeError(`clips: class ${c} is not in 0..${classes - 1}`);
    counts[c]!++;
  }
  const present = counts.filter((count) => count > 0);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  if (present.length < 2) return same("there is only one class");
  const sizes = `the largest class has ${most} clips, the smallest ${least}`;
  if (most < uneven * least) return same(`${sizes}, a ratio below ${uneven}`);
  const scale = clips.length / present.reduce((sum, count) => sum + Math.sqrt(count), 0);
  return {
    weightOf: ([c = -1]) => (counts[c] ? scale / Math.sqrt(counts[c]) : 1),
    why: `Clips of small classes weigh up to ${Math.sqrt(most / least).toFixed(1)} times more in the loss: ${sizes}.`,
  };
}
