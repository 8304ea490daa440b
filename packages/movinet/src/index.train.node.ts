/** How models come to be, on Node: the entry `movinet/train`. */

export { type Random, randomOf } from "./common/random.ts";
export { type AugmentRecipe, recipes } from "./data/augment.ts";
export { type CheckOptions, checkDataset, type DatasetReport } from "./data/check.node.ts";
export { type Clip, type ClipSource, type ClipView, defaultView, type SourceClip } from "./data/clip.ts";
export {
  ClipCache,
  type ClipCacheOptions,
  type ClipFailure,
  type FillOptions,
  type FillProgress,
  type FillResult,
} from "./data/clip-cache.node.ts";
export { type DatasetOptions, openDataset } from "./data/dataset.node.ts";
export {
  type Dataset,
  type Finding,
  type FindingKind,
  groupKey,
  nameWithin,
  type Sample,
  type Split,
} from "./data/dataset.ts";
export type { ClassCount } from "./data/findings.ts";
export { joinCopies } from "./data/groups.ts";
export {
  countGroups,
  type Fold,
  foldSamples,
  type SplitOptions,
  type SplitSamples,
  splitSamples,
} from "./data/splits.ts";
export type { Agreement } from "./evaluate/agreement.ts";
export type { Calibration, CalibrationBin } from "./evaluate/calibration.ts";
export { type Comparison, compareAnswers } from "./evaluate/compare.ts";
export type { Earliness, Moments } from "./evaluate/early.ts";
export {
  type FamilyComparison,
  type FamilyKind,
  familyNames,
  familyVerdict,
  type Relation,
} from "./evaluate/family.ts";
export {
  type FamilyReport,
  firstAnswerText,
  macsText,
  memoryText,
  renderFamilyFigure,
  renderFamilyReport,
} from "./evaluate/family-report.node.ts";
export {
  evaluationRecord,
  evaluationReport,
  type Findings,
  failureNotes,
  nameOfDataset,
} from "./evaluate/findings.node.ts";
export type { Interval, Proportion } from "./evaluate/intervals.ts";
export { type Family, type JudgedFamily, type JudgeFamilyOptions, judgeFamily } from "./evaluate/judge-family.node.ts";
export { samplesForModel } from "./evaluate/labels.ts";
export {
  type Answer,
  type ClassMeasures,
  type EvaluateAnswersOptions,
  type Evaluation,
  evaluateAnswers,
} from "./evaluate/metrics.ts";
export { keepPictures, WorstClips } from "./evaluate/pictures.ts";
export { environmentFacts, renderReport } from "./evaluate/report.node.ts";
export type { EpochRecord, Facts, FoldResult, RunReport, WorstClip } from "./evaluate/report-data.ts";
export {
  type ClipOutcome,
  type EvaluateModelOptions,
  evaluateModel,
  framesOfClip,
  type ModelAnswers,
  type SampleFrames,
} from "./evaluate/run.node.ts";
export {
  columnPercents,
  type DamagedClip,
  headline,
  meanText,
  percent,
  percents,
  perfectText,
  starText,
  verdict,
  warningsOf,
} from "./evaluate/verdict.ts";
export type { Precision } from "./graph/precision.ts";
export { type CameraMotionLabel, cameraMotionLabels } from "./synth/camera.ts";
export { makeCameraMotion, type SynthOptions, type SynthReport } from "./synth/make-dataset.node.ts";
export { type CameraMotionClip, cameraMotionFrames, renderCameraMotion } from "./synth/render.ts";
export { planScene, type Scene } from "./synth/scene.ts";
export { type ClassWeights, classWeights } from "./train/balance.ts";
export { type Begun, describeBegun, differenceOf } from "./train/begun.node.ts";
export type { ClipInput } from "./train/clip-input.node.ts";
export {
  checkRelative,
  planRelatives,
  type RelativeKind,
  type RelativeTraining,
  relativeKinds,
  trainRelative,
} from "./train/family-training.node.ts";
export { type FitResult, fitModel, openTraining } from "./train/fit.node.ts";
export type { FitClip, FitInput, FitOptions, FitProgress } from "./train/fit-options.node.ts";
export { decideFlip, type FlipDecision } from "./train/flip.ts";
export type { FittedHead, HeadSample } from "./train/frozen-head.ts";
export {
  type CrossAnswer,
  crossValidate,
  type FrozenOptions,
  type FrozenProgress,
  type FrozenSamples,
  frozenSamples,
  type HeadTask,
  trainHead,
} from "./train/frozen-training.node.ts";
export {
  type JudgedClips,
  type JudgedModel,
  judgeModel,
  openJudgedClips,
  refuseRemembered,
} from "./train/judged-clips.node.ts";
export { fitFacts, type JudgedClip, type Learned, type TrainProgress } from "./train/learn.node.ts";
export {
  type ClipHashes,
  type ContentHashes,
  type ContentHashOptions,
  contentHashes,
  findSeen,
  hasUnknownPast,
  noteLearned,
  type PictureHashes,
  pictureHashes,
  type SeenSamples,
  stretchOf,
} from "./train/learned.node.ts";
export { type MirrorOptions, mirrorTest } from "./train/mirror.node.ts";
export type { MirrorChange, MirrorTest } from "./train/mirror.ts";
export type { Trainable } from "./train/network.ts";
export { fitSettings, type NameChoice, planTraining, type TrainChoices, type TrainPlan } from "./train/recipe.ts";
export { frameByFrame, type Relative, wholeClip } from "./train/relatives.ts";
export {
  historyCsv,
  type JudgedTraining,
  judgeTraining,
  trainingRecord,
  trainingReport,
} from "./train/run-report.node.ts";
export type { TrainSettings } from "./train/settings.ts";
export { sideLabels } from "./train/side-labels.ts";
export {
  chooseFrom,
  type Division,
  divideForTests,
  fewestJudged,
  type TestPart,
  type TestPartOptions,
} from "./train/test-parts.ts";
export { type TrainDecision, type TrainedModel, trainModel } from "./train/train-model.node.ts";
export type { Frames } from "./verify/clips.ts";
export {
  type Converted,
  type ConvertOptions,
  convertModel,
  type ExportFormat,
  exportFormats,
} from "./verify/convert.node.ts";
export type { Likeness, Limits } from "./verify/criterion.ts";
export type { Check, Control, Receipt } from "./verify/receipt.ts";
export type { Runner } from "./verify/runner.ts";
export { type OpenedFile, openRunners, type VerifyOptions, verifyFiles, windowOf } from "./verify/verify.node.ts";
