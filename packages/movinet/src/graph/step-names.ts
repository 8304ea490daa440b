/** The names of a step file's inputs and outputs, whatever its format: states are called as Google calls them. */

/** Frame `slot` of a buffer: 0 is the oldest, the number of slots the newest frame. */
export function slotName(state: string, slot: number): string {
  return `${state}_${slot}`;
}

/** What the host adds to the sum of a pool. */
export function poolFrameName(state: string): string {
  return `${state}_frame`;
}
