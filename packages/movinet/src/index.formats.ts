/** The bytes of model files: the entry `movinet/formats`. */

export { readModel, writeModel } from "./formats/model-file.ts";
export { readArchive, readModelFiles } from "./formats/model-files.ts";
export { emitOnnx, type OnnxOptions } from "./formats/onnx/write/file.ts";
export { writeCheckpoint } from "./formats/tensorflow/write/checkpoint.ts";
export { emitTflite, type TfliteOptions } from "./formats/tflite/write/emit.ts";
