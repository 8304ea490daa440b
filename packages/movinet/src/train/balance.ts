/** What the clips of a training count in its loss. */
export interface ClassWeights {
  /**
   * What a clip with these classes counts, above 0. The mean over the clips of the training is 1. A class that none of
   * them has gives 1.
   */
  weightOf(classes: readonly number[]): number;
  /** The rule that decided, and its figures: one sentence to print and to store. */
  readonly why: string;
}

/**
 * From this ratio of the largest class to the smallest on, weights differ. Classes of equal size reach about 1.3 when whole
 * groups are split off; below 1.5 a weight would move no clip by more than a fifth against another.
 */
const uneven = 1.5;

/**
 * Weighs the clips of a training by class. Where the largest class has at least 1.5 times the clips of the smallest, a clip
 * counts in proportion to 1 / √(clips of its class), as in the head in closed form: half way (on a logarithmic scale)
 * between all clips alike, which forgets small classes, and all classes alike, which lets a few clips rule. Else all count 1.
 *
 * So they do with several classes a clip: each class is told from all others by itself, and what a clip would weigh for one
 * of them would move the probabilities of the rest.
 *
 * @param clips the classes of each clip of the training; exactly one unless multi-label.
 * @param classes how many there are.
 */
export function classWeights(
  clips: readonly (readonly number[])[],
  classes: number,
  multiLabel: boolean,
): ClassWeights {
  const same = (reason: string): ClassWeights => ({
    weightOf: () => 1,
    why: `Every clip counts the same in the loss: ${reason}.`,
  });
  if (multiLabel) return same("a clip can have several classes");
  const counts = new Array<number>(classes).fill(0);
  for (const [c = -1] of clips) {
    if (!(c in counts)) throw new TypeError(`clips: ${c} is not one of ${classes} classes.`);
    counts[c]!++;
  }
  const present = counts.filter((count) => count > 0);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  if (present.length < 2) return same("there is only one class");
  const sizes = `the largest class has ${most} clips, the smallest ${least}`;
  if (most < uneven * least) return same(`${sizes}, less than ${uneven} times as many`);
  const scale = clips.length / present.reduce((sum, count) => sum + Math.sqrt(count), 0);
  return {
    weightOf: ([c = -1]) => (counts[c] ? scale / Math.sqrt(counts[c]) : 1),
    why: `Clips of small classes count more in the loss, up to ${Math.sqrt(most / least).toFixed(1)} times: ${sizes}.`,
  };
}
