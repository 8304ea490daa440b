/** The archive written by `torch.save` from version 1.6: a pickle, and a record per storage, in one folder. */
import { ModelError } from "../../common/errors.ts";
import { mostJsonBytes } from "../../common/text.ts";
import { type ArchivedFile, readArchive } from "../zip.ts";
import { type Pickled, PickleProblem } from "./data.ts";
import { unpickle } from "./pickle.ts";

/** Names of the records within the folder; `texts` are ours, which PyTorch ignores. */
export const records = {
  pickle: "data.pkl",
  storages: "data/",
  byteOrder: "byteorder",
  version: "version",
  texts: "extra/",
} as const;

/** The content of the archive. Everything is read on demand, and throws {@link ModelError} (`E_MODEL_FORMAT`). */
export interface PytorchArchive {
  pickle(): Pickled;
  storage(key: string): Uint8Array;
  /** Our own metadata, by name. */
  texts(): Readonly<Record<string, string>>;
}

/** More than any archive of this kind has. */
const mostFiles = 65_535;

export function openArchive(bytes: Uint8Array, subject: string): PytorchArchive {
  const files = readArchive(bytes, mostFiles);
  const pickle = files.find(({ name }) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (!pickle) throw damaged(subject, "it is a truncated or damaged PyTorch file: its archive has no data.pkl");
  const folder = pickle.name.slice(0, -records.pickle.length);
  const byName = new Map(files.map((file) => [file.name, file]));
  const record = (name: string): Uint8Array => {
    const file = byName.get(folder + name);
    if (!file) throw damaged(subject, `its archive has no ${name}`);
    return contentOf(file, subject);
  };
  if (byName.has(folder + records.byteOrder) && new TextDecoder().decode(record(records.byteOrder)) !== "little") {
    const problem = "its numbers are big-endian, which is not supported";
    throw new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem,
      remedy: "Save it again on a little-endian machine",
    });
  }
  return {
    pickle: () => readPickle(record(records.pickle), subject),
    storage: (key) => record(records.storages + key),
    texts() {
      const own = files.filter(({ name, size }) => name.startsWith(folder + records.texts) && size <= mostJsonBytes);
      const text = new TextDecoder();
      const nameOf = (file: ArchivedFile) => file.name.slice(folder.length + records.texts.length);
      return Object.fromEntries(own.map((file) => [nameOf(file), text.decode(contentOf(file, subject))]));
    },
  };
}

function contentOf(file: ArchivedFile, subject: string): Uint8Array {
  if (!file.stored) {
    const problem = `its record ${file.name} is compressed, which PyTorch never does`;
    throw new ModelError({ code: "E_MODEL_FORMAT", subject, problem, remedy: saveAgain });
  }
  try {
    return file.read();
  } catch (cause) {
    throw damaged(subject, `its record ${file.name} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function readPickle(bytes: Uint8Array, subject: string): Pickled {
  try {
    return unpickle(bytes);
  } catch (cause) {
    if (!(cause instanceof PickleProblem)) throw cause;
    throw new ModelError({
      code: "E_MODEL_FORMAT",
      subject,
      problem: `its pickle ${cause.message}`,
      remedy: "In Python, save only the weights: torch.save(model.state_dict(), FILE)",
      cause,
    });
  }
}

/** The remedy for files that PyTorch reads and we do not. */
export const saveAgain = "In Python, save it again: torch.save(torch.load(FILE), FILE)";

function damaged(subject: string, problem: string, cause?: unknown): ModelError {
  return new ModelError({
    code: "E_MODEL_FORMAT",
    subject,
    problem,
    remedy: "Download or copy the complete file again",
    cause,
  });
}
