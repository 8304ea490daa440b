/** Whether tests of a variant belong to the slow suite: A4 and A5 take as long as all the others together. */
export function isLarge(name: string): boolean {
  return /^a[45]/.test(name);
}
