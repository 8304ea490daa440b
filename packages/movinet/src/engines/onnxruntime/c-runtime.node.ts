import { blockProbe } from "../../formats/onnx/write/blocked.ts";
import { type CApi, CTexts, fatal, type Handle, makeHandle, onPool, openCApi } from "./c-api.node.ts";
import { CExecutable } from "./c-executable.node.ts";
import { CMemory, Dimensions, freeHeld } from "./c-tensor.node.ts";
import type { OnnxRuntime } from "./onnx.ts";

export interface CRuntimeOptions {
  readonly threads: number;
  /** Run on a thread of the pool that Node has for files, so that the event loop stays free. */
  readonly background: boolean;
}

/** ONNX Runtime's CPU kernels through its C API, for models that were emitted. Throws where that cannot be called. */
export function cRuntime({ threads, background }: CRuntimeOptions): Omit<OnnxRuntime, "open"> {
  const api = openCApi();
  const options = { background, dimensions: new Dimensions() };
  return {
    load: async ({ bytes, graph, layout }) =>
      new CExecutable(api, await createSession(api, bytes, threads), { graph, layout }, options),
    async block() {
      const session = await createSession(api, blockProbe(), 1);
      const held = { api, session, values: new Set<Handle>(), freed: false };
      try {
        return blockSizes.find((size) => fitsBlock(api, session, new CMemory(held), size)) ?? 1;
      } finally {
        freeHeld(held);
      }
    },
  };
}

/** Channels to a block that processors have. */
const blockSizes = [16, 8, 4];

async function createSession(api: CApi, model: Uint8Array, threads: number): Promise<Handle> {
  const options = makeHandle(api, (into) => api.createSessionOptions(into));
  try {
    // What goes wrong is told by statuses.
    api.check(api.setSessionLogSeverityLevel(options, fatal));
    api.check(api.setIntraOpNumThreads(options, threads));
    api.check(api.addSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
    const session = new BigUint64Array(1);
    await onPool(api, api.createSessionFromArray, api.env, model, model.byteLength, options, session);
    return session[0] as Handle;
  } finally {
    api.releaseSessionOptions(options);
  }
}

/** Whether the kernels make blocks of so many channels: an output of other dimensions is refused. */
function fitsBlock(api: CApi, session: Handle, memory: CMemory, size: number): boolean {
  const holding = (length: number) =>
    BigUint64Array.of(memory.take(length, (data) => data).value(BigInt64Array.of(1n, BigInt(length), 1n, 1n)));
  const [x, y] = [new CTexts(api, ["x"]), new CTexts(api, ["y"])];
  try {
    api.check(api.run(session, null, x.addresses, holding(4), 1, y.addresses, 1, holding(size)));
    return true;
  } catch {
    return false;
  }
}
