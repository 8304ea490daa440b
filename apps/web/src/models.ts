/** The zoo models on offer: stream models whose host lets every page fetch them. */
export interface OfferedModel {
  readonly name: string;
  readonly bytes: number;
  /** Published top-1 accuracy on Kinetics-600, in percent. */
  readonly top1: number;
  readonly licence: string;
}

export const offeredModels: readonly OfferedModel[] = [
  { name: "a0-stream", bytes: 15_063_932, top1: 72.1, licence: "MIT" },
  { name: "a1-stream", bytes: 25_926_240, top1: 76.5, licence: "MIT" },
  { name: "a2-stream", bytes: 29_464_200, top1: 78.4, licence: "MIT" },
];
