/** Recognizes a file by its first bytes: a supported model, or something commonly found in its place. */
import { ModelError } from "../common/errors.ts";
import { signatureOf } from "../common/signatures.ts";
import { latin, strangerToText } from "../common/text.ts";
import { isSafetensors } from "./safetensors.ts";

/** Formats that consist of one file. */
export type FileFormat = "safetensors" | "tflite" | "onnx" | "pt";

/** The source of a model: a file, or the files of a TensorFlow checkpoint. */
export type ModelFormat = FileFormat | "checkpoint";

/** How much of a file tells its format. */
export const headBytes = 4096;

/**
 * The format of a model file of `size` bytes; `head` are its first bytes, at least some hundred. Throws
 * {@link ModelError} (`E_MODEL_FORMAT`) that says what the file is instead.
 */
export function formatOf(head: Uint8Array, size: number, subject: string): FileFormat {
  if (latin(head, 4, 8) === "TFL3") return "tflite";
  if (isSafetensors(head, size)) return "safetensors";
  if (isPytorch(head)) return "pt";
  const { what, remedy } = strangerOf(head, size, subject);
  if (what === null) return "onnx";
  throw new ModelError({ code: "E_MODEL_FORMAT", subject, problem: what, remedy });
}

/** The archive of `torch.save`, which begins with its pickle. */
function isPytorch(head: Uint8Array): boolean {
  return (
    signatureOf(head)?.kind === "ZIP archive" && /data\.pkl|\.data\/serialization_id|archive\/version/.test(latin(head))
  );
}

interface Stranger {
  readonly what: string | null;
  readonly remedy: string;
}

const whole = "Download or copy the complete file again";
const others = "Use a MoViNet .tflite or .pt file, or a .safetensors or .onnx file written by movinet";
const exported = "Export the model as a MoViNet .tflite file with Google's tools";
const saveAgain = "In Python, save it again with PyTorch 1.6 or later: torch.save(torch.load(FILE), FILE)";
const stateDict = "In Python, save the weights with PyTorch: torch.save(model.state_dict(), FILE)";
const together = "Keep all of its files in one folder, and pass that folder";
const unpack = "Unpack it, and use the model file inside";

/** Beginnings of other files, in Latin-1. */
const beginnings: readonly (readonly [begin: string, what: string, remedy: string])[] = [
  ["\x89HDF\r\n", "it is an HDF5 (Keras) file (.h5)", exported],
  ["\x80\x02\x8a\x0al\xfc\x9c", "it is a PyTorch file in the format used before 1.6 (.pt, .pth)", saveAgain],
  ["\x80\x02", "it is a Python pickle", stateDict],
  ["\x80\x03", "it is a Python pickle", stateDict],
  ["\x80\x04", "it is a Python pickle", stateDict],
  ["\x80\x05", "it is a Python pickle", stateDict],
  ["\x93NUMPY", "it is a NumPy array (.npy)", exported],
  ["GGUF", "it is a GGUF file (a language model)", others],
  ["RIFF", "it is a video or audio file", others],
  ["\x1aE\xdf\xa3", "it is a video", others],
];

/** Names inside ZIP archives, and what contains them. */
const archives: readonly (readonly [name: RegExp, what: string, remedy?: string])[] = [
  [/model\.weights\.h5|keras_metadata|config\.json/, "it is a Keras file (.keras)"],
  [/\.npy/, "it is a NumPy archive (.npz)"],
  [/saved_model\.pb/, "it is a ZIP archive of a TensorFlow SavedModel", "Unpack it, and pass the folder"],
];

function strangerOf(head: Uint8Array, size: number, name: string): Stranger {
  const text = latin(head);
  if (size === 0) return { what: "it is empty", remedy: whole };
  const asText = strangerToText(head);
  if (asText) return asText;
  const signature = signatureOf(head);
  if (signature?.kind === "ZIP archive") {
    const known = archives.find(([name]) => name.test(text));
    return known ? { what: known[1], remedy: known[2] ?? exported } : { what: "it is a ZIP archive", remedy: unpack };
  }
  if (signature?.kind === "archive") {
    return { what: `it is ${signature.name === "xz" ? "an" : "a"} ${signature.name} archive`, remedy: unpack };
  }
  if (signature) return { what: `it is a ${signature.kind}`, remedy: others };
  if (latin(head, 4, 8) === "ftyp") return { what: "it is a video", remedy: others };
  const known = beginnings.find(([begin]) => text.startsWith(begin));
  if (known) return { what: known[1], remedy: known[2] };
  if (text.slice(8, 10) === '{"' && size < 2 ** 24) {
    return { what: "it is a truncated .safetensors file", remedy: whole };
  }
  if ((text.startsWith("\0\0") && text.startsWith("\b\x01\x1a\x02\b", 3)) || /\.data-\d{5}-of-\d{5}$/.test(name)) {
    return { what: "it is one file of a TensorFlow checkpoint", remedy: together };
  }
  if (head.every((byte) => byte === 0)) {
    return { what: "it contains only zeros, like an unfinished download", remedy: whole };
  }
  return ofProtobuf(head) ?? ofText(text) ?? { what: "unknown model format", remedy: others };
}

/** ONNX, or another protocol buffer format that begins with a version number. */
function ofProtobuf(head: Uint8Array): Stranger | null {
  const [key, version = 0, next = 0] = head;
  if (key === 0x0a && looksLikeGraphDef(head)) {
    return { what: "it is a frozen TensorFlow graph (.pb)", remedy: exported };
  }
  if (key !== 0x08 || version === 0 || version > 0x7f || !onnxFields.has(next)) return null;
  let at = 3;
  while (((head[at] ?? 0) & 0x80) !== 0) at++;
  const isMessage = next === 0x12 && (head[at] ?? 0) > 0 && (head[at + 1] ?? 0x20) < 0x20;
  if (!isMessage) return { what: null, remedy: others };
  if (version === 1)
    return { what: "it is a TensorFlow SavedModel without its weights (saved_model.pb)", remedy: together };
  return { what: "it is a Core ML model (.mlmodel)", remedy: others };
}

/** Keys of the fields that may follow the version of an ONNX file. */
const onnxFields: ReadonlySet<number> = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]);

/** A list of nodes, each beginning with its name and its operator. */
function looksLikeGraphDef(head: Uint8Array): boolean {
  const nameLength = head[3] ?? 0;
  return head[2] === 0x0a && nameLength > 0 && head[4 + nameLength] === 0x12;
}

function ofText(text: string): Stranger | null {
  if (/[^\t\n\f\r -~\x80-\xff]/.test(text)) return null;
  const start = text.trim();
  if (/^[{[]/.test(start)) return { what: "it is JSON, perhaps a server's error message", remedy: others };
  if (start.startsWith("<")) return { what: "it is XML, perhaps a server's error message", remedy: whole };
  if (start.startsWith("model_checkpoint_path"))
    return { what: "it only lists the TensorFlow checkpoints in its folder", remedy: together };
  if (/[\x80-\xff]/.test(text)) return null;
  const [line = ""] = start.split(/[\r\n]/);
  return { what: `it is text (${JSON.stringify(line.slice(0, 60))}), not a model`, remedy: others };
}
