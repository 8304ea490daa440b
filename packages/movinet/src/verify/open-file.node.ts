import { litertBackend } from "../engines/litert/litert.node.ts";
import { nodeOnnxFile } from "../engines/onnxruntime/onnx.node.ts";
import type { Card } from "../model/card.ts";
import type { SessionModel } from "../session/program.ts";
import { onnxFileRunner, type Runner, sessionRunner } from "./runner.ts";

/** A file with its own runtime. */
export interface FileRunner {
  readonly model: SessionModel;
  readonly runner: Runner;
  close(): Promise<void>;
}

/** Which file is to be run. */
export interface FileJob {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly format: "onnx" | "tflite";
  /** What a TFLite file does not tell. */
  readonly card: Partial<Card>;
}

/** Opens a file with its own runtime, in this process. */
export async function openFile({ bytes, name, format, card }: FileJob): Promise<FileRunner> {
  if (format === "onnx") {
    const file = await nodeOnnxFile(bytes, name);
    const runner = onnxFileRunner(file, name, "onnxruntime-node cpu");
    return { model: file.model, runner, close: async () => file[Symbol.asyncDispose]() };
  }
  const litert = await litertBackend();
  const program = await litert.open(bytes, name, card);
  const runner = sessionRunner(program, name, litert.name);
  return { model: program.model, runner, close: () => program[Symbol.asyncDispose]() };
}
