import { litertEngine } from "../engines/litert/litert.node.ts";
import { nodeEngine } from "../engines/onnxruntime/onnx.node.ts";
import type { Card } from "../model/card.ts";
import type { SessionModel } from "../model/model.ts";
import { Program } from "../session/program.ts";
import { type Runner, sessionRunner } from "./runner.ts";

/** A file with its own runtime. */
export interface FileRunner {
  readonly model: SessionModel;
  readonly runner: Runner;
  close(): Promise<void>;
}

/** The file to run. */
export interface FileJob {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly format: "onnx" | "tflite";
  /** What a TFLite file does not specify. */
  readonly card: Partial<Card>;
}

/** Opens a file with its own runtime, in this process. */
export async function openFile({ bytes, name, format, card }: FileJob): Promise<FileRunner> {
  const engine = format === "onnx" ? await nodeEngine() : await litertEngine();
  const program = await Program.open(bytes, name, engine, card);
  const runner = sessionRunner(program, name);
  return { model: program.model, runner, close: () => program[Symbol.asyncDispose]() };
}
