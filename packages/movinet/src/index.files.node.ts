/** Finding, reading and writing users' files in Node: the entry `movinet/files`. */

export { takeLock } from "./common/lock-file.node.ts";
export { percentile, percentileByRank } from "./common/percentile.ts";
export { bounded, formatBytes, printable, printableLines } from "./common/printable.ts";
export { bytesOfPath, readUserFile } from "./common/read.node.ts";
export { nameOfSource, shownSource } from "./common/urls.ts";
export { findOutput, makeFolder, removeAsides, writeError, writeWhole } from "./common/write.node.ts";
export { fitText, textWidth } from "./plot/terminal-text.ts";
export { leftOutText } from "./video/left-out.ts";
export { expandSources } from "./video/sources.node.ts";
export { dataSetsOf } from "./zoo/known-labels.ts";
export type { OpenedModel } from "./zoo/labelled.ts";
export { findModel, type ModelOptions, openModel } from "./zoo/lookup.node.ts";
export { ModelCache } from "./zoo/model-cache.node.ts";
export { ModelSource } from "./zoo/model-source.node.ts";
