/** How models come to be, on Node: the entry `movinet/train`. */

export { checkDataset, type DatasetReport } from "./data/check.node.ts";
export { ClipCache } from "./data/clip-cache.node.ts";
export { openDataset } from "./data/dataset.node.ts";
export type { Dataset, Finding } from "./data/dataset.ts";
export { joinCopies } from "./data/groups.ts";
export type { Agreement } from "./evaluate/agreement.ts";
export { type FamilyComparison, familyNames, familyVerdict, type Relation } from "./evaluate/family.ts";
export {
  firstAnswerText,
  macsText,
  memoryText,
  renderFamilyFigure,
  renderFamilyReport,
} from "./evaluate/family-report.node.ts";
export { evaluationRecord, evaluationReport, failureNotes, nameOfDataset } from "./evaluate/findings.node.ts";
export { judgeFamily } from "./evaluate/judge-family.node.ts";
export { samplesForModel } from "./evaluate/labels.ts";
export type { ClassMeasures, Evaluation } from "./evaluate/metrics.ts";
export { environmentFacts, renderReport } from "./evaluate/report.node.ts";
export type { ClipOutcome } from "./evaluate/run.node.ts";
export { columnPercents, headline, meanText, percent, perfectText, starText, verdict } from "./evaluate/verdict.ts";
export { makeCameraMotion } from "./synth/make-dataset.node.ts";
export { type Begun, describeBegun, differenceOf } from "./train/begun.node.ts";
export {
  checkRelative,
  planRelatives,
  type RelativeKind,
  type RelativeTraining,
  relativeKinds,
  trainRelative,
} from "./train/family-training.node.ts";
export { type JudgedClips, judgeModel, openJudgedClips, refuseRemembered } from "./train/judged-clips.node.ts";
export { fitFacts, type TrainProgress } from "./train/learn.node.ts";
export { contentHashes } from "./train/learned.node.ts";
export type { Trainable } from "./train/network.ts";
export { automatic, planTraining, type TrainChoices, type TrainPlan } from "./train/recipe.ts";
export {
  epochOf,
  historyCsv,
  type JudgedTraining,
  judgeTraining,
  trainingRecord,
  trainingReport,
} from "./train/run-report.node.ts";
export type { TrainSettings } from "./train/settings.ts";
export { type TrainDecision, trainModel } from "./train/train-model.node.ts";
export type { Frames } from "./verify/clips.ts";
export { type ConvertOptions, convertModel, exportFormats } from "./verify/convert.node.ts";
export type { Receipt } from "./verify/receipt.ts";
export { type OpenedFile, openRunners, verifyFiles, windowOf } from "./verify/verify.node.ts";
