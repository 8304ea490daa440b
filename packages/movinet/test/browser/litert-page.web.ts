/** The page of the LiteRT.js tests: opens what it is told to, and keeps programs and sessions by number. */
import { answerOf } from "../../src/common/errors.ts";
import { readModel } from "../../src/index.formats.ts";
import { openEngine, Program, type StreamSession } from "../../src/index.session.web.ts";
import { type RemotePage, toFloats, toPlain, toPlainState, toState } from "./remote.ts";

const litert = openEngine({ device: "litert", wasmPaths: "/litert/" });
const programs: Program[] = [];
const sessions: StreamSession[] = [];
const program = (at: number) => programs[at] as Program;
const session = (at: number) => sessions[at] as StreamSession;

async function bytesOf(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const movinet: RemotePage = {
  async openFile(url) {
    const opened = await Program.open(await bytesOf(url), url, await litert);
    return { program: programs.push(opened) - 1, resolution: opened.model.spec.resolution };
  },
  async openModel(url) {
    const model = readModel(await bytesOf(url), url);
    const opened = await Program.compile(model, await litert);
    return { program: programs.push(opened) - 1, resolution: model.spec.resolution };
  },
  async openStream(at, options) {
    const opened = await program(at).openStream(options);
    return { session: sessions.push(opened) - 1, streams: opened.streams, stateBytes: opened.stateBytes };
  },
  step: async (at, frames) => toPlain((await session(at).step(toFloats(frames))).logits),
  advance: (at, frames) => session(at).advance(toFloats(frames)),
  outputs: async (at, last) => toPlain((await session(at).outputs(last ?? undefined)).logits),
  reset: (at, stream) => session(at).reset(stream),
  snapshot: async (at, stream) => toPlainState(await session(at).snapshot(stream)),
  restore: (at, state, stream) => session(at).restore(toState(state), stream),
  closeStream: async (at) => session(at)[Symbol.asyncDispose](),
  closeProgram: (at) => program(at)[Symbol.asyncDispose](),
};

/** The same methods, whose errors arrive whole at the other side. */
const answering = Object.entries(movinet).map(([name, method]: [string, (...args: never[]) => unknown]) => [
  name,
  (...args: never[]) => answerOf(() => method(...args)),
]);

Object.assign(globalThis, { movinet: Object.fromEntries(answering) });
