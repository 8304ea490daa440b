/** The bytes of model files: the entry `movinet/formats`. */

export { readModel, writeModel } from "./formats/model-file.ts";
export { emitOnnx, type OnnxOptions } from "./formats/onnx/write/file.ts";
export { emitTflite, type TfliteOptions } from "./formats/tflite/write/emit.ts";
